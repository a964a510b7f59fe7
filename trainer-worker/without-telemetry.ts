/**
 * Nothing leaves the user's machine. ONNX Runtime would tell its maker how it is used, and keep a
 * database of that in the user's cache, unless this is said before its library is loaded.
 */
process.env['ORT_DISABLE_TELEMETRY'] = '1';
