import './style/page.css';
import { render } from 'preact';
import { App } from './app.tsx';
import { followDaemon } from './model/connection.ts';

const place = document.getElementById('app');
if (place) {
  place.replaceChildren();
  render(<App />, place);
}
followDaemon();
