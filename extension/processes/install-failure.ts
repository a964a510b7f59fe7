import type { ProcessOutcome } from './run-process';

/** Why an install failed, and what helps. */
export interface InstallFailure {
  /** A clause. */
  readonly why: string;
  readonly remedy: string;
}

const tryAgain =
  'See whether the network, a proxy or the disk is in the way, then try again. Nothing was changed.';

const lookAt = (url: string) =>
  `Open ${url} in a browser: if it is there, a proxy is in the way of npm and Node.js; if not, nobody can install this now, and another backend is to be chosen in the setting ebm.backend. Nothing was changed.`;

/** What unpacking says of something that is no archive, such as the page of an error. */
const noArchive = /TAR_BAD_ARCHIVE|ADM-ZIP: Invalid/;

/**
 * What the output of npm, or of the scripts with which packages fetch their native parts, says of why
 * they failed.
 */
export function installFailure({ code, out, errors }: ProcessOutcome): InstallFailure {
  const text = `${out}\n${errors}`;
  // node-pre-gyp tells on which address, and then fails to compile instead.
  const refused = /install response status (.+) on (\S+)/.exec(text);
  if (refused) {
    const [, status, url] = refused;
    return {
      why: `its binding is not at ${url} (${status}), and could not be compiled here either`,
      remedy: lookAt(url!),
    };
  }
  const unreachable = /install (request to \S+ failed.*)/.exec(text)?.[1];
  if (unreachable) return { why: unreachable.trim(), remedy: tryAgain };
  const download = [...out.matchAll(/^(https?:\/\/\S+)$/gm)].at(-1)?.[1];
  if (noArchive.test(text) && download !== undefined) {
    return {
      why: `its download is not there: what ${download} answers is no archive`,
      remedy: lookAt(download),
    };
  }
  const lines = errors.split('\n').map((line) => line.trim());
  // npm's own words come first, and name the place of a log last.
  const said = lines.find((line) => /^(npm error |Error: |error )(?!code )/.test(line)) ?? '';
  const words = said.replace(/^(npm error|Error:|error) */, '').replace(/\.$/, '');
  return { why: words || `it ended with exit code ${code}`, remedy: tryAgain };
}
