/** The run panel's page: connects to the extension host, keeps the state, draws the views. */
import 'vscode-jsonrpc/browser';
import './panel.css';
import type { HostSide, PageSide } from '../protocol/panel';
import { connectToHost } from './host';
import { Page } from './page';
import { watchPageErrors } from './page-errors';
import { installToolkit } from './toolkit';

const host = connectToHost<PageSide, HostSide>();
installToolkit();
const page = new Page(host);
watchPageErrors((error) => {
  host.peer.emit('pageError', error);
  page.tell(`This view ran into an error: ${error.message}`);
});
document.body.append(page.root);
host.peer.emit('ready', {});
