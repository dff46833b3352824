// Comfort only: every page works without this file.
'use strict';
(() => {
  const form = document.querySelector('form[data-brouillon]');
  const token = form && form.querySelector('input[name=jeton]');
  const said = form && form.querySelector('.brouillon');
  const kept = (e) => e.name && !['file', 'hidden', 'password'].includes(e.type);
  const values = (name) => [...form.elements].filter((e) => e.name === name && kept(e))
    .filter((e) => !['checkbox', 'radio'].includes(e.type) || e.checked).map((e) => e.value).join(' ');
  const keep = async (e) => {
    if (!kept(e.target)) return;
    const body = new URLSearchParams({jeton: token.value, formulaire: form.dataset.brouillon,
      champ: e.target.name, texte: values(e.target.name)});
    try {
      const reply = await fetch('/brouillon', {method: 'POST', body, keepalive: true});
      said.textContent = reply.ok ? await reply.text() : '';
    } catch { said.textContent = ''; }
  };
  if (form && said) form.addEventListener('change', keep);

  // What this would do, as it is typed: a part of a page that the program writes.
  const preview = form && form.querySelector('[data-apercu]');
  const show = async (e) => {
    if (preview.contains(e.target) || !kept(e.target)) return;
    const sent = new URLSearchParams([...form.elements].filter(kept).map((f) => [f.name, values(f.name)]));
    try {
      const reply = await fetch(`${preview.dataset.apercu}?${sent}`);
      if (reply.ok) preview.innerHTML = await reply.text();
    } catch { /* the page works without */ }
  };
  if (preview) form.addEventListener('change', show);

  const wrong = document.querySelector('[aria-invalid]');
  if (wrong) wrong.focus();

  document.addEventListener('keydown', (e) => {
    const typing = e.target.closest('input, textarea, select');
    const search = document.querySelector('input[type=search]');
    if (e.key === '/' && !typing && search) { e.preventDefault(); search.focus(); }
  });
})();
