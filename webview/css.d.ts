/** Style sheets are collected by the bundler into dist/panel.css. */
declare module '*.css';
