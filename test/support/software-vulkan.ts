import { existsSync } from 'node:fs';
import path from 'node:path';

/** Where Debian's Chromium keeps its Vulkan loader and SwiftShader, a Vulkan device in software. */
const loader = '/usr/lib/chromium/libvulkan.so.1';
const driver = '/usr/lib/chromium/vk_swiftshader_icd.json';

const variables = { LD_LIBRARY_PATH: path.dirname(loader), VK_ICD_FILENAMES: driver };

/** Why a check on a WebGPU device in software has to be left out here, or false. */
export const withoutSoftwareVulkan: string | false =
  process.platform === 'linux' && existsSync(loader) && existsSync(driver)
    ? false
    : "this machine has no SwiftShader, which comes with Debian's package chromium";

/**
 * Gives this very process, and those that it starts, a WebGPU device in software: right, and slow (the
 * first run of a program takes seconds). To be called before anything asks for a WebGPU adapter, and
 * not where {@link withoutSoftwareVulkan} has a reason.
 */
export function useSoftwareVulkan(): void {
  Object.assign(process.env, variables);
  // The search path for libraries is read when a process starts, so the Vulkan loader is loaded by
  // its path and kept: whoever asks for it by name is then given it.
  const [now, global, neverUnload] = [0x2, 0x100, 0x1000];
  try {
    process.dlopen({ exports: {} }, loader, now | global | neverUnload);
  } catch (error) {
    // It is no addon, which Node finds out after having loaded it.
    if (!/did not self-register/.test(String(error))) throw error;
  }
}
