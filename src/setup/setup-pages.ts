/** The set-up page. Its script and style are files of their own: the CSP allows nothing inline. */

export const SETUP_PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="robots" content="noindex">
    <title>Set up Rollcall</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/setup/setup.css">
  </head>
  <body>
    <main>
      <h1>Set up Rollcall</h1>
      <p id="intro">Make the first administrator. This link works once.</p>
      <noscript><p>This page needs JavaScript.</p></noscript>
      <form id="form">
        <label>Name <input name="name" autocomplete="name" required maxlength="100" autofocus></label>
        <label>E-mail <input name="email" type="email" autocomplete="username" required maxlength="254"></label>
        <label>Password <input name="password" type="password" autocomplete="new-password" required></label>
        <label>Password, once more <input name="again" type="password" autocomplete="new-password" required></label>
        <button>Make the administrator</button>
      </form>
      <div id="outcome" role="status" aria-live="polite"></div>
    </main>
    <script src="/setup/setup.js"></script>
  </body>
</html>
`

export const SETUP_STYLE = `:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { margin: 0; display: grid; place-items: center; min-height: 100vh }
main { width: min(24rem, calc(100vw - 2rem)) }
label { display: block; margin: 0 0 1rem }
input, button { box-sizing: border-box; width: 100%; padding: .5rem; font: inherit }
[hidden] { display: none }
`

/** The token leaves the address at once, so that neither the history nor a screenshot keeps it. */
export const SETUP_SCRIPT = `'use strict'
const token = new URLSearchParams(location.search).get('token') ?? ''
history.replaceState(null, '', location.pathname)

const form = document.getElementById('form')
const outcome = document.getElementById('outcome')
const say = (lines) => outcome.replaceChildren(...lines.map((text) => {
  const line = document.createElement('p')
  line.textContent = text
  return line
}))

async function send({ name, email, password }) {
  const response = await fetch('/api/v1/auth/setup', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ token, name, email, password }),
  })
  return response.json()
}

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  const given = Object.fromEntries(new FormData(form))
  if (given.password !== given.again) return say(['The two passwords differ.'])
  form.querySelector('button').disabled = true
  say(['One moment …'])
  try {
    const { data, message, status_code } = await send(given)
    if (status_code === 201) {
      form.hidden = true
      document.getElementById('intro').hidden = true
      return say(['The administrator ' + data.email + ' is made.', 'Log in with POST /auth/login, or at /docs.'])
    }
    const problems = (data?.errors ?? []).map((problem) => problem.message)
    say(problems.length > 0 ? problems : [message])
  } catch {
    say(['The service does not answer. Try again.'])
  }
  form.querySelector('button').disabled = false
})
`
