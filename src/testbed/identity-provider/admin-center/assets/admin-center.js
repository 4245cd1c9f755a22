// The copy buttons, which need a script.
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
