// What is nicer with a script than without: menus that close, and a form that goes on by itself.
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
document.querySelector('form[data-submit]')?.submit();
