/*
 * Buttons that need a token: sends it in a header, reloads the page when it was taken, and otherwise says what is wrong.
 * Served as it stands: plain JavaScript, checked by the TypeScript compiler.
 */

/** An answer is not waited for longer than that, milliseconds. */
const patienceMs = 10_000;

/** @param {HTMLFormElement} form */
async function send(form) {
  const token = form.querySelector('input')?.value.trim() ?? '';
  const body = form.dataset['body'] ?? '';
  const response = await fetch(form.action, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${token}`,
      Accept: 'application/json',
      ...(body === '' ? {} : { 'Content-Type': 'application/json' }),
    },
    ...(body === '' ? {} : { body }),
    signal: AbortSignal.timeout(patienceMs),
  });
  if (response.ok) {
    location.reload();
    return '';
  }
  /** @type {unknown} */
  const answer = await response.json();
  const problem = /** @type {{ message?: string }} */ (answer);
  return response.status === 401 ? 'This is not the captures token.' : (problem.message ?? 'It was refused.');
}

/** @param {HTMLFormElement} form */
function offer(form) {
  form.hidden = false;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const told = form.querySelector('output');
    const button = form.querySelector('button');
    if (told === null || button === null) return;
    button.disabled = true;
    told.textContent = 'Sending …';
    void send(form)
      .catch(() => 'flamepin did not accept it. Try again.')
      .then((words) => {
        told.textContent = words;
        button.disabled = false;
      });
  });
}

for (const form of document.querySelectorAll('form.control'))
  if (form instanceof HTMLFormElement) offer(form);
