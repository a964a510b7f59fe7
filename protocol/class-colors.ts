/** With more classes their colours could not be told apart. */
export const mostClassColors = 12;
