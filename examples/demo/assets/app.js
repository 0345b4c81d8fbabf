// The pages work without this. With it, a form changes the list in place, and what has data-refresh stays fresh.
const load = async (url, options) => new DOMParser().parseFromString(await (await fetch(url, options)).text(), 'text/html')

document.addEventListener('submit', async (event) => {
  const form = event.target
  if (form.method !== 'post') return
  event.preventDefault()
  try {
    const next = await load(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form, event.submitter)) })
    for (const part of ['header', 'main']) document.querySelector(part).replaceWith(next.querySelector(part))
    document.querySelector('[autofocus]')?.focus()
  } catch {
    form.submit()
  }
})

const refresh = async () => {
  if (document.hidden) return
  const next = await load(location.href).catch(() => undefined)
  const parts = next?.querySelectorAll('[data-refresh]') ?? []
  document.querySelectorAll('[data-refresh]').forEach((part, index) => {
    if (parts[index] && parts[index].innerHTML !== part.innerHTML) part.innerHTML = parts[index].innerHTML
  })
}

const fresh = document.querySelector('[data-refresh]')
if (fresh) setInterval(refresh, Number(fresh.dataset.refresh))
