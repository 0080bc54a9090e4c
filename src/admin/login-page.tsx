import { Head } from './ui/layout.js'
import { Mark } from './ui/mark.js'

/** Asks for a token; works without script by pasting it. */
export async function loginPage(note?: string): Promise<string> {
  const page = await (
    <html lang="en">
      <Head title="Log in" />
      <body>
        <main class="login">
          <section class="card">
            <h1 class="brand">
              <Mark />
              <span>Log in to rouse</span>
            </h1>
            {note !== undefined && (
              <p class="fault" role="alert">
                {note}
              </p>
            )}
            <form id="login" class="stack" method="post" action="/login">
              <label>
                Token <input name="token" type="password" autocomplete="off" required />
              </label>
              <button class="primary" type="submit">
                Log in
              </button>
            </form>
            <p class="small soft">
              <code>rouse token</code> makes one and prints a link. Logged in already? <a href="/">Go on</a>.
            </p>
          </section>
        </main>
        <script src="/login.js" />
      </body>
    </html>
  )
  return `<!doctype html>${page}`
}
