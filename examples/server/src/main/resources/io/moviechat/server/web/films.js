// The list of films, and how another one is opened.
import {html, nothing} from './vendor/lit-html.js';
import {bytes, clock} from './format.js';

const words = {
  waiting: 'waits', watching: 'being watched', ready: '', interrupted: 'interrupted', failed: 'failed', forgotten: 'forgotten',
};

export function filmsView(state, actions) {
  return html`
    <nav class="films" aria-label="Films">
      <h2>Films</h2>
      ${state.upload ? uploading(state.upload) : opening(state, actions)}
      <ul>
        ${(state.films ?? []).map((film) => html`
          <li>
            <button class="row" aria-current=${film.handle === state.handle ? 'true' : 'false'}
                @click=${() => actions.show(film.handle)}>
              <span class="name">${film.title}</span>
              <span class="facts">${facts(film)}</span>
            </button>
          </li>`)}
      </ul>
      ${state.health ? html`<p class="fine">${bytes(state.health.freeBytes)} free on the server</p>` : nothing}
    </nav>`;
}

function facts(film) {
  const length = film.duration ?? film.watchedTo;
  return [length ? clock(length) : '', words[film.state]].filter(Boolean).join(' · ');
}

function uploading({name, loaded, total, since, cancel}) {
  const seconds = (performance.now() - since) / 1000;
  const percent = total ? Math.floor((100 * loaded) / total) : 0;
  return html`
    <div class="panel" role="group" aria-label="Upload">
      <p class="name">${name}</p>
      <progress max="100" .value=${percent} aria-label="Sent"></progress>
      <p class="fine">${percent < 100 ? html`${percent} %, ${bytes(seconds > 0.2 ? loaded / seconds : 0)}/s` : 'Looking at it …'}</p>
      <button @click=${cancel}>Cancel upload</button>
    </div>`;
}

function opening(state, actions) {
  const choose = (event) => {
    actions.send(event.target.files[0]);
    event.target.value = '';
  };
  const submit = (event) => {
    event.preventDefault();
    const path = new FormData(event.target).get('path').trim();
    if (path) actions.openPath(path);
  };
  return html`
    <div class="panel">
      <label class="choose">
        <input type="file" id="file" accept="video/*,.mkv,.avi,.ts,.mov" @change=${choose}>
        <span class="button">Choose a video</span>
        <span class="fine">or drop one on the page</span>
      </label>
      <details>
        <summary>A file on the server</summary>
        <form class="path" @submit=${submit}>
          <label for="path">Path below ${(state.health?.allowed ?? ['…']).join(' or ')}</label>
          <input id="path" name="path" autocomplete="off" spellcheck="false">
          <button>Open</button>
        </form>
      </details>
    </div>`;
}
