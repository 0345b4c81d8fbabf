/** The HTML that navigator shows when no application does. */

const STYLE = `:root{color-scheme:light dark;font:16px/1.6 system-ui,-apple-system,"Segoe UI",sans-serif}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:light-dark(#f4f5f7,#15171c);color:light-dark(#1d2129,#e6e8ec)}
main{max-width:32rem;margin:1.5rem;padding:2.5rem;border-radius:14px;background:light-dark(#fff,#1e2128);box-shadow:0 1px 3px #0002,0 12px 40px #0001}
h1{margin:0 0 .5rem;font-size:1.4rem}p{margin:.5rem 0}small{color:light-dark(#69707d,#8b929e)}code{font-size:.85em;overflow-wrap:anywhere}
.wait{width:2.2rem;height:2.2rem;margin-bottom:1rem;border-radius:50%;border:3px solid light-dark(#dfe2e7,#343944);border-top-color:#4774e5;animation:turn 1s linear infinite}
@keyframes turn{to{transform:rotate(1turn)}}@media(prefers-reduced-motion:reduce){.wait{animation:none}}`

/** Shown while an application starts for too long, and in maintenance mode. Loads itself anew every 5 s. */
export const builtInMaintenancePage = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="5">
<title>Just a moment</title><style>${STYLE}</style></head>
<body><main><div class="wait"></div>
<h1>Just a moment</h1>
<p>This service is starting or under maintenance. The page loads by itself as soon as it is there.</p>
<p><small>Error 503</small></p>
</main></body>
</html>
`

/** An error for people. Everything but `title` may come from outside and is escaped. */
export const errorPage = (error: { status: number; title: string; reason: string; requestId: string }): string => `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${error.status} ${error.title}</title><style>${STYLE}</style></head>
<body><main>
<h1>${error.status} ${error.title}</h1>
${error.reason === error.title ? '' : `<p>${escapeHtml(error.reason)}</p>\n`}<p><small>Request id <code>${escapeHtml(error.requestId)}</code></small></p>
</main></body>
</html>
`

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character]!)
