/** Windows in which nothing may train: that is said, and nothing is left. */
import { untilNothingRuns } from './run-files';
import { experimentFile as file, story } from './session';

story('Without a folder', { hasFolder: false }, async ({ workbench, folder }) => {
  await workbench.runCommand('EBM: Launch Run');
  await workbench.notifications(/No folder is open.*Open the folder/).waitFor();
  await untilNothingRuns(folder);
});

story('An untrusted workspace', { file, trust: false }, async ({ workbench, folder }) => {
  await workbench.tab(file).waitFor();
  await workbench.runCommand('EBM: Launch Run');
  await workbench.notifications(/none starts before you trust this workspace/).waitFor();
  await untilNothingRuns(folder);
  await workbench.runCommand('Notifications: Clear All Notifications');
  await workbench.runCommand('EBM: Export Step as ONNX…');
  await workbench.notifications(/nothing is exported before you trust this workspace/).waitFor();
});
