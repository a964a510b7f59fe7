/** The page that compares runs: connects to the extension host, keeps the state, draws the views. */
import 'vscode-jsonrpc/browser';
import type { CompareHostSide, ComparePageSide } from '../protocol/compare';
import './panel.css';
import './compare.css';
import { ComparePage } from './compare-page';
import { connectToHost } from './host';
import { watchPageErrors } from './page-errors';
import { installToolkit } from './toolkit';

const host = connectToHost<ComparePageSide, CompareHostSide>();
installToolkit();
const page = new ComparePage(host);
watchPageErrors((error) => {
  host.peer.emit('pageError', error);
  page.tell(`This view ran into an error: ${error.message}`);
});
document.body.append(page.root);
host.peer.emit('ready', {});
