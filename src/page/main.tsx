import './style/page.css';
import { render } from 'preact';

const place = document.getElementById('app');
if (place) render(<h1>perry-ship</h1>, place);
