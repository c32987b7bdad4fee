/** A style sheet or script for the browser, as the text to serve; see `lib/browser-assets.ts`. */
declare module '*?browser' {
  export const text: string
}
