// pages.mjs PIC FAKE_REGION REPORT: a volunteer's first pages in a real browser, with JavaScript and
// without, on a real store. Each page is clean for axe-core and is photographed at three widths.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const [pic, region, report] = process.argv.slice(2);
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const work = mkdtempSync(join(tmpdir(), 'pic-browser-'));
const env = { ...process.env, TZ: 'Europe/Paris', XDG_DATA_HOME: join(work, 'data'), XDG_RUNTIME_DIR: join(work, 'run') };
const shots = join(report, 'screens');
let count = 0, failed = 0;
const check = (what, well, why = '') => {
  count++;
  failed += !well;
  console.log(`${well ? 'ok' : 'not ok'} ${count} - ${what}${well ? '' : ` ${why}`}`);
};
const line = async (process) => (await once(createInterface({ input: process.stdout }), 'line'))[0];
const launch = async () => {
  const ui = spawn(pic, ['ui', '--sans-navigateur'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  return { ui, url: await line(ui) };
};

mkdirSync(shots, { recursive: true });
mkdirSync(env.XDG_RUNTIME_DIR, { mode: 0o700 });
writeFileSync(join(work, 'phrase'), 'un cheval bleu dans la mer\n');
const server = spawn(region, [join(work, 'adcm.picx')], { stdio: ['pipe', 'pipe', 'inherit'] });
const region_says = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
await region_says.next();
const region_writes = async (what) => {
  server.stdin.write(`${what}\n`);
  await region_says.next();
};
const init = spawnSync(pic, ['init', '--invitation', join(work, 'adcm.picx'), '--nom', 'Samira B.',
  '--oui', '--phrase-fichier', join(work, 'phrase')], { env });
check('enrolment', init.status === 0, String(init.stderr));
await region_writes('financeurs');
const first = spawnSync(pic, ['recevoir', '--phrase-fichier', join(work, 'phrase')], { env });
check('who pays what has come', first.status === 0, String(first.stderr));

let { ui, url } = await launch();
process.on('exit', () => { ui.kill('SIGKILL'); server.kill('SIGKILL'); rmSync(work, { recursive: true, force: true }); });
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox',
  '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
const origin = new URL(url).origin;

const patience_ms = 10000; // of one step, before it counts as failed
// axe runs in a context that may bypass the page's own rules for scripts; what it looks at is the same.
const looked = await browser.newContext({ bypassCSP: true });
const clean = async (page, name) => {
  await page.addScriptTag({ path: axe });
  const found = await page.evaluate(() => window.axe.run());
  check(`${name} is clean for axe`, found.violations.length === 0,
    found.violations.map((v) => `${v.id}: ${v.nodes[0].html}`).join(' | '));
};
const photograph = async (page, name) => {
  for (const [width, height] of [[1024, 600], [1440, 900], [390, 800]]) {
    await page.setViewportSize({ width, height });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    check(`${name} fits ${width} px`, wide <= 0, `${wide} px too wide`);
    await page.screenshot({ path: join(shots, `${name}-${width}.png`), fullPage: true });
  }
};

const addProject = async (page, title) => {
  await page.goto(`${origin}/projet/nouveau`);
  await page.getByLabel(/^Titre/).fill(title);
  await page.getByLabel('Montant demandé').fill('1.234');
  await page.getByRole('button', { name: 'Enregistrer' }).click();
  const said = await page.locator('#erreur-demande').innerText();
  check('an ambiguous amount is told at its field', said.includes('1,23') && said.includes('1 234'), said);
  check('what was typed stays', await page.getByLabel(/^Titre/).inputValue() === title);
  await page.goto(`${origin}/projet/nouveau`);
  check('the draft is offered on return', await page.getByLabel(/^Titre/).inputValue() === title);
  await page.getByLabel('Montant demandé').fill('850');
  await page.getByLabel(/^Fonds/).selectOption({ index: 1 });
  await page.getByRole('button', { name: 'Enregistrer' }).click();
  check('then it is recorded', (await page.locator('h1').innerText()).includes(title), page.url());
};

// Two pages about one field: the second to save is told what the first wrote, and decides.
const meetAnother = async (page, context, path) => {
  const place = (p) => p.getByLabel(/^Lieu/);
  const save = (p) => p.getByRole('button', { name: 'Enregistrer' }).click();
  const other = await context.newPage();
  await page.goto(`${origin}${path}/modifier`);
  await other.goto(`${origin}${path}/modifier`);
  await place(other).fill('la cour');
  await save(other);
  await place(page).fill('le parc');
  await save(page);
  const said = await page.locator('.champ .erreur').innerText();
  check('a field that changed meanwhile is told', said.includes('la cour'), said);
  await save(page);
  check('and is decided', (await page.locator('dl.fiche').innerText()).includes('le parc'), page.url());
  await other.close();
};

// An expense, receipt first: who bears it is shown, and one that looks the same is asked about.
const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
const fillExpense = async (page, project, supplier) => {
  await page.goto(`${origin}/depense/nouveau`);
  await page.getByLabel(/^Projet \(/).selectOption({ label: project });
  await page.getByLabel('Justificatif').setInputFiles({ name: 'ticket.png', mimeType: 'image/png', buffer: png });
  await page.getByLabel(/^Fournisseur/).fill(supplier);
  await page.getByLabel('Date de facture').fill('12/03/2026');
  await page.getByLabel('Montant TTC').fill('45,90');
  await page.getByLabel('Catégorie').focus();
};
const addExpenses = async (page, title, javaScript) => {
  await page.goto(`${origin}/depense/nouveau`);
  const project = await page.locator('select[name=projet] option', { hasText: title }).innerText();
  const save = () => page.getByRole('button', { name: 'Enregistrer' }).click();
  const shares = /Région 32,13.*Ville 13,77/;
  const supplier = `Jardinerie ${title}`;
  await fillExpense(page, project, supplier);
  check('the receipt is asked for before the supplier', await page.evaluate(() => document.querySelector('[name=justificatif]')
    .compareDocumentPosition(document.querySelector('[name=fournisseur]')) === 4));
  if (javaScript) {
    await page.locator('.apercu strong').last().waitFor();
    check('who bears it is shown as it is typed', shares.test(await page.locator('.apercu').innerText()),
      await page.locator('.apercu').innerText());
    await photograph(page, 'depense-remplie');
  }
  await save();
  check('an expense is recorded, with its split', shares.test(await page.locator('.apercu').innerText()), page.url());
  await fillExpense(page, project, supplier);
  if (javaScript) {
    await page.getByLabel('Ce n\'est pas la même').waitFor();
    await photograph(page, 'depense-doublon');
    await clean(page, 'depense-doublon');
    await page.getByLabel('la même facture : la partager').check();
    await save();
  } else {
    await save();
    await page.getByRole('button', { name: /^C'est la même facture/ }).click();
  }
  check('the same invoice is shared', (await page.locator('dl.fiche').innerText()).includes('Même facture que'), page.url());
};

// The tabs of a project: its budget with its balance, its expenses, its pieces.
const visitTabs = async (page, path, javaScript) => {
  const tab = (name) => page.getByRole('navigation', { name: 'Ce projet' }).getByRole('link', { name }).click();
  const look = async (name) => {
    if (!javaScript) return;
    await clean(page, name);
    await photograph(page, name);
  };
  await page.goto(origin + path);
  await tab('Budget');
  await page.getByRole('link', { name: 'Ajouter une ligne' }).click();
  await page.getByLabel(/^Charge ou produit/).selectOption('charge');
  await page.getByLabel(/^Libellé/).fill('Location de la sono');
  await page.getByLabel('Montant prévu').fill('120');
  await page.getByRole('button', { name: 'Enregistrer' }).click();
  await page.goto(`${origin}${path}/budget`);
  check('the budget says that it does not balance', (await page.locator('main .avis').innerText()).includes('charges 120,00'));
  check('and lists its line', (await page.locator('tbody tr').count()) === 1);
  await look('projet-budget');
  await tab('Dépenses');
  check('two expenses of this project', (await page.locator('tbody tr').count()) === 2);
  check('and what they add up to', (await page.locator('.chiffre').first().innerText()).startsWith('91,80'));
  await look('projet-depenses');
  await tab('Public');
  await page.getByLabel('Femmes, 26 à 45 ans, Habite le quartier').fill('12');
  await page.getByLabel('Hommes, 65 ans et plus, Inconnu').fill('3');
  await page.getByLabel('Total par sexe').fill('16');
  await page.getByRole('button', { name: 'Enregistrer' }).click();
  const disagree = await page.locator('main .avis').innerText();
  check('totals that disagree are told', disagree.includes('(16)') && disagree.includes('(15)'), disagree);
  check('and what was counted stays', await page.getByLabel('Femmes, 26 à 45 ans, Habite le quartier').inputValue() === '12');
  await look('projet-public-totaux');
  await page.getByLabel('Total par sexe').fill('15');
  await page.getByRole('button', { name: 'Enregistrer' }).click();
  check('a grid is recorded', /Femmes 12, Hommes 3/.test(await page.locator('tbody tr').first().innerText()), page.url());
  await look('projet-public');
  await tab('Pièces');
  check('the receipts are there', (await page.locator('.piece').count()) === 2);
  await page.getByRole('button', { name: 'Joindre' }).click();
  check('a piece without a file is asked for', (await page.locator('#erreur-fichier').count()) === 1);
  await page.getByLabel('Fichier').setInputFiles({ name: 'affiche.html', mimeType: 'text/html', buffer: Buffer.from('<script>') });
  await page.getByRole('button', { name: 'Joindre' }).click();
  check('a file is joined', (await page.locator('.piece').count()) === 3 && (await page.locator('.piece img').count()) === 2);
  const file = await page.request.get(origin + await page.locator('.piece a').first().getAttribute('href'));
  check('what could run is given to keep, not shown', file.headers()['content-disposition']?.startsWith('attachment') &&
    file.headers()['content-type'] === 'application/octet-stream', JSON.stringify(file.headers()));
  const shown = await page.request.get(origin + await page.locator('.piece img').first().getAttribute('src'));
  check('a picture is shown as it came', shown.headers()['content-type'] === 'image/png' && (await shown.body()).equals(png));
  await look('projet-pieces');
};

// Documents are encrypted where they lie: without the keys a piece asks for the passphrase, then opens.
const openLocked = async (page, project) => {
  await page.goto(`${origin}${project}/pieces`);
  check('pieces are named while locked, and none is shown',
    (await page.locator('.piece').count()) === 3 && (await page.locator('.piece img').count()) === 0);
  const piece = origin + await page.locator('.piece a').last().getAttribute('href');
  await page.goto(piece);
  await clean(page, 'piece-verrouillee');
  for (const [phrase, opens] of [['un cheval vert dans la mer', false], ['un cheval bleu dans la mer', true]]) {
    await page.getByLabel('Phrase de passe').fill(phrase);
    await page.getByRole('button', { name: 'Déverrouiller et ouvrir' }).click();
    check(`the piece ${opens ? 'opens' : 'stays shut'}`, opens === (page.url() === piece), page.url());
  }
  const shown = await page.request.get(piece);
  check('it is what was joined, and no copy of it is kept', (await shown.body()).equals(png) &&
    shown.headers()['cache-control'] === 'no-store', JSON.stringify(shown.headers()));
};

for (const javaScriptEnabled of [true, false]) {
  const context = javaScriptEnabled ? looked : await browser.newContext({ javaScriptEnabled });
  context.setDefaultTimeout(patience_ms);
  const page = await context.newPage();
  const problems = [];
  page.on('pageerror', (e) => problems.push(String(e)));
  page.on('console', (m) => m.type() === 'error' && !/status of 4/.test(m.text()) && problems.push(m.text()));
  if (javaScriptEnabled) {
    await page.goto(url);
    check('the one-time address opens the home page', page.url() === `${origin}/`);
    const other = await browser.newContext();
    check('and opens nothing twice', (await (await other.newPage()).goto(url)).status() === 403);
    await other.close();
  } else {
    await context.addCookies(await looked.cookies());
  }
  await addProject(page, javaScriptEnabled ? 'Jardin partagé du Maroc' : 'Repas de rue');
  const project = new URL(page.url()).pathname;
  await meetAnother(page, context, project);
  await addExpenses(page, javaScriptEnabled ? 'Jardin partagé du Maroc' : 'Repas de rue', javaScriptEnabled);
  await visitTabs(page, project, javaScriptEnabled);
  await page.goto(`${origin}/projet?q=REPAS+jardin`);
  check('a search that nothing matches says so', (await page.locator('.vide').count()) === 1);
  await page.goto(`${origin}/projet?q=${javaScriptEnabled ? 'JARDIN PARTAGE' : 'répas'}`);
  check('search without accents', (await page.locator('tbody tr').count()) === 1);
  if (javaScriptEnabled) {
    for (const [path, name] of [['/', 'accueil'], ['/projet', 'projets'], ['/projet/nouveau', 'projet-nouveau'],
      ['/projet/1', 'projet'], ['/projet/1/modifier', 'projet-modifier'], ['/projet/1/annuler', 'projet-annuler'],
      ['/depense', 'depenses'], ['/depense/nouveau', 'depense-nouvelle'], ['/tout', 'tout'], ['/echanges', 'echanges'],
      ['/nulle-part', 'introuvable']]) {
      await page.goto(origin + path);
      await clean(page, name);
      await photograph(page, name);
    }
    await page.goto(`${origin}/depense/nouveau`);
    await page.getByLabel(/^Fournisseur/).fill('Jardinerie Dupont');
    const kept = page.waitForResponse((r) => r.url().endsWith('/brouillon'));
    await page.getByLabel('Numéro de facture').focus();
    check('a field is kept as it is left', (await kept).ok());
    ui.kill('SIGKILL');
    await once(ui, 'exit');
    check('keys are put away', spawnSync(pic, ['verrouiller'], { env }).status === 0);
    ({ ui, url } = await launch());
    check('the same address after a kill', new URL(url).origin === origin, url);
    await page.getByLabel('Date de facture').fill('12/03/2026');
    await page.getByLabel('Montant TTC').fill('45,90');
    await page.getByLabel(/^Projet \(/).selectOption({ index: 1 });
    await page.getByRole('button', { name: 'Enregistrer' }).click();
    check('a page left open over it still saves', page.url().includes('enregistre=1'), page.url());
    await page.goto(`${origin}/depense/nouveau`);
    check('its draft is over', await page.getByLabel(/^Fournisseur/).inputValue() === '');
    await openLocked(page, project);
  } else {
    await page.goto(`${origin}/echanges`);
    check('entries and documents wait, with their bytes', /Saisies.*octets|Saisies.*Ko/.test(await page.locator('tbody tr').first().innerText()) &&
      /Documents\s+[23]\s/.test(await page.locator('tbody tr').nth(1).innerText()), await page.locator('tbody').first().innerText());
    await page.getByLabel('Documents à échanger').selectOption('0');
    await page.getByRole('button', { name: 'Envoyer et recevoir' }).click();
    await page.waitForTimeout(4000);
    await page.goto(`${origin}/echanges`);
    check('entries went, documents wait', /Saisies\s+0\s/.test(await page.locator('tbody tr').first().innerText()) &&
      !/Documents\s+0\s/.test(await page.locator('tbody tr').nth(1).innerText()), await page.locator('tbody').first().innerText());
    await page.getByRole('button', { name: 'Envoyer et recevoir' }).click();
    await page.waitForTimeout(4000);
    await page.goto(`${origin}/echanges`);
    check('nothing waits', (await page.locator('.vide').innerText()) === 'Rien à envoyer.');
    check('receipts are listed', (await page.locator('tbody tr').count()) >= 1);
    await photograph(page, 'echanges-apres');
    const proof = await page.request.get(origin + await page.locator('tbody a').first().getAttribute('href'));
    writeFileSync(join(work, 'accuse.pica'), await proof.body());
    const verified = spawnSync(pic, ['accuse', 'verifier', join(work, 'accuse.pica')], { env });
    check('a receipt from the page proves itself', verified.status === 0, String(verified.stderr));
    await page.goto(`${origin}/`);
    check('all is received', (await page.locator('.etat p').innerText()).startsWith('Tout est reçu'),
      await page.locator('.etat p').innerText());
  }
  check(`no error in the browser, JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, problems.length === 0, problems.join(' | '));
}

// A page of another origin in another tab: what it sends is refused, and nothing is written.
const stranger = await looked.newPage();
await stranger.route('http://evil.example/**', (route) => route.fulfill({ contentType: 'text/html',
  body: `<form method="post" action="${origin}/projet/nouveau"><input name="titre" value="Intrus"><button>x</button></form>` }));
await stranger.goto('http://evil.example/');
const refused = stranger.waitForResponse((r) => r.url().startsWith(origin));
await stranger.getByRole('button').click();
check('a form of another site is refused', (await refused).status() === 403);

const last = await looked.newPage();
await last.goto(origin);
await last.getByRole('button', { name: 'Fermer' }).click();
check('the button ends the program', (await once(ui, 'exit'))[0] === 0);
await browser.close();
server.stdin.end();
console.log(`1..${count}`);
process.exit(failed > 0 ? 1 : 0);
