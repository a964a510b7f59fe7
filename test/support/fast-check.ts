import fc from 'fast-check';

// The same cases in every run of the tests; another seed may be asked for to look further.
fc.configureGlobal({ seed: Number(process.env['FAST_CHECK_SEED'] ?? 20_260_201) });

export { fc };
