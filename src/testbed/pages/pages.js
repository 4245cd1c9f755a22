// What is nicer with a script than without: menus that close, copy buttons, lists that stay current, a form that goes on by itself.
for (const menu of document.querySelectorAll('details.menu')) {
  menu.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !menu.open) return;
    menu.open = false;
    menu.querySelector('summary').focus();
  });
}
document.addEventListener('click', (event) => {
  for (const menu of document.querySelectorAll('details.menu[open]')) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
for (const field of document.querySelectorAll('input.code[readonly]')) {
  field.addEventListener('focus', () => field.select());
}
for (const button of document.querySelectorAll('button[data-copy-from]')) {
  button.addEventListener('click', () => {
    const field = document.getElementById(button.dataset.copyFrom);
    field.select();
    navigator.clipboard.writeText(field.value).then(
      () => (button.firstChild.textContent = 'Copied '),
      // Without the permission the text is selected, to be copied by hand.
      () => (button.firstChild.textContent = 'Press Ctrl+C '),
    );
  });
}
// A part that the server changes: read again every other second, unless the reader is busy with it.
for (const part of document.querySelectorAll('[data-live]')) {
  let isBusy = false;
  setInterval(async () => {
    const isInUse = part.querySelector('details[open]') !== null || part.contains(document.activeElement);
    if (isBusy || isInUse || document.hidden) return;
    isBusy = true;
    try {
      const answer = await fetch(location.href, { headers: { 'x-live': '1' }, redirect: 'error' });
      const page = new DOMParser().parseFromString(answer.ok ? await answer.text() : '', 'text/html');
      const newer = page.getElementById(part.id);
      if (newer !== null && newer.innerHTML !== part.innerHTML) part.replaceChildren(...newer.childNodes);
    } catch {
      // The server is gone for now; the next turn asks again.
    } finally {
      isBusy = false;
    }
  }, 2000);
}
document.querySelector('form[data-submit]')?.submit();
