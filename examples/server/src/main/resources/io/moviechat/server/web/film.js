// One film: player, time line of its memory, and how it is being watched.
import {html, nothing, svg} from './vendor/lit-html.js';
import {memoryOf, pictureOf, storyboardOf, videoOf} from './api.js';
import {bytes, clock, count, span, spoken, tierName} from './format.js';

export function filmView(state, actions) {
  const {film} = state;
  return html`
    <section class="film" aria-label="Film">
      ${title(state, actions)}
      ${player(state, actions)}
      ${timeline(state, actions)}
      ${film.state === 'ready' || film.state === 'watching' ? search(state, actions) : nothing}
      ${status(state, actions)}
      ${film.state === 'ready' ? kept(state, actions) : nothing}
    </section>`;
}

function title(state, actions) {
  if (state.renaming) {
    const submit = (event) => {
      event.preventDefault();
      actions.rename(new FormData(event.target).get('title'));
    };
    return html`
      <form class="title" @submit=${submit} @keydown=${(e) => e.key === 'Escape' && actions.set({renaming: false})}>
        <label class="hidden" for="title">Title</label>
        <input id="title" name="title" maxlength="200" .value=${state.film.title} autocomplete="off">
        <button>Rename</button>
      </form>`;
  }
  return html`<h1>${state.film.title}</h1>`;
}

function player(state, actions) {
  const {film} = state;
  if (state.unplayable) {
    const slot = state.slots[Math.max(0, state.slot)];
    return html`
      <figure class="player">
        ${slot ? html`<img src=${pictureOf(film.handle, slot.picture)} alt=${`The film at ${clock(slot.picture / 1000)}`}>` : nothing}
        <figcaption class="fine">This browser cannot play the file; the time line shows its pictures, and questions work.</figcaption>
      </figure>`;
  }
  const moved = (event) => {
    const time = event.target.currentTime;
    if (Math.abs(time - state.time) > 0.2 || event.type === 'seeked') actions.set({time});
  };
  return html`
    <div class="player">
      <video controls playsinline preload="metadata" src=${videoOf(film.handle)} aria-label=${film.title}
        @timeupdate=${moved} @seeked=${moved} @error=${() => actions.set({unplayable: true})}></video>
    </div>`;
}

function timeline(state, actions) {
  const {film, slots} = state;
  const length = Math.max(film.duration ?? 0, film.watchedTo, 0.001);
  const x = (seconds) => (1000 * Math.min(seconds, length)) / length;
  const looked = slots[state.slot];
  const now = Math.min(state.time, length);
  const text = looked
    ? `Slot ${state.slot + 1} of ${slots.length}: ${span(looked.start, looked.end)}, ${count(looked.frames, 'frame')}, ${tierName(looked.tier)} memory`
    : `${clock(now)} of ${clock(length)}, ${slots.length} memory slots`;
  const inSpan = (slot) => state.span && slot.start < state.span[1] + 1e-6 && slot.end > state.span[0] - 1e-6
    && (slot.end > state.span[0] || slot.start === state.span[0]) && slot.start < Math.max(state.span[1], state.span[0] + 1e-3);
  const click = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    actions.seek(((event.clientX - box.left) / box.width) * length);
  };
  const keys = (event) => {
    const by = {ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageUp: 10, PageDown: -10, Home: -1e6, End: 1e6}[event.key];
    if (by) {
      event.preventDefault();
      actions.step(by);
    }
  };
  return html`
    <div class="timeline" role="slider" tabindex="0" aria-label="Time line of the memory"
        aria-valuemin="0" aria-valuemax=${length.toFixed(2)} aria-valuenow=${now.toFixed(2)} aria-valuetext=${text}
        @click=${click} @keydown=${keys}>
      <svg viewBox="0 0 1000 40" preserveAspectRatio="none" aria-hidden="true">
        <defs>
          <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect class="hatch-ground" width="6" height="6"></rect><rect class="hatch-line" width="2.5" height="6"></rect>
          </pattern>
        </defs>
        ${slots.map((slot, i) => svg`
          <rect class=${`slot ${tierName(slot.tier)} ${i % 2 ? 'odd' : 'even'} ${inSpan(slot) ? 'lit' : ''}`}
            x=${x(slot.start)} width=${Math.max(1.2, x(slot.end) - x(slot.start) - 1)} y="4" height="32"></rect>`)}
        ${(state.found?.hits ?? []).map((hit) => svg`
          <rect class="found" x=${x(hit.start)} width=${Math.max(4, x(hit.end) - x(hit.start))} y="0" height="7"></rect>`)}
        <line class="now" x1=${x(now)} x2=${x(now)} y1="0" y2="40" vector-effect="non-scaling-stroke"></line>
      </svg>
    </div>
    <div class="below">
      ${looked && !state.unplayable ? html`
        <img class="thumb" height="72" src=${pictureOf(film.handle, looked.picture)} alt=${`The film at ${clock(looked.picture / 1000)}, which stands for this slot`}>` : nothing}
      <p class="fine">${text}</p>
      ${slots.length ? html`
        <p class="fine legend"><span class="key long-term"></span>merged <span class="key recent"></span>recent, one by one</p>` : nothing}
    </div>
`;
}

function search(state, actions) {
  const {film, found} = state;
  const submit = (event) => {
    event.preventDefault();
    actions.find(new FormData(event.target).get('find'));
  };
  const keys = (event) => {
    if (event.key !== 'Escape') return;
    event.currentTarget.reset();
    actions.find('');
  };
  return html`
    <form class="find" role="search" aria-label="The film" @submit=${submit} @keydown=${keys}>
      <label class="hidden" for="find">Find in the film</label>
      <input id="find" name="find" type="search" maxlength="300" autocomplete="off"
        placeholder="Find: a red fish, in the last minute">
      <button>Find</button>
    </form>
    <p class="fine" role="status">${found ? outcome(found, film) : nothing}</p>
    ${found?.hits?.length ? html`
      <ol class="hits" aria-label="Found, the best first">
        ${found.hits.map((hit) => html`
          <li><button class="hit" @click=${() => actions.seek(hit.best, [hit.start, hit.end])}>
            <img width="128" height="72" loading="lazy" src=${pictureOf(film.handle, hit.picture)} alt="">
            <span>${span(hit.start, hit.end)}</span> <span class="facts">by ${hit.reason}</span>
            ${hit.cues.length ? html`<span class="said">“${hit.cues.map((cue) => cue.text).join(' ')}”</span>` : nothing}
          </button></li>`)}
      </ol>` : nothing}`;
}

function outcome({words, hits, watchedTo, error}, film) {
  if (error) return error;
  if (!hits) return 'Looking …';
  const where = film.state === 'ready' ? 'the film' : `what was seen up to ${clock(watchedTo)}`;
  return hits.length
    ? `${count(hits.length, 'moment')} of ${where} for “${words}”, the best first`
    : `Nothing in ${where} stands out for “${words}”.`;
}

function status(state, actions) {
  const {film} = state;
  if (state.lost && film.state !== 'ready') {
    return html`<p class="status" role="status">The connection to the server is lost; trying again …</p>`;
  }
  switch (film.state) {
    case 'waiting':
      return html`
        <div class="status panel">
          <p role="status">${film.waitingBefore ? `Waits: ${film.waitingBefore} before it.` : 'Waits; it is next.'}</p>
          <button @click=${() => actions.act('cancel')}>Cancel</button>
        </div>`;
    case 'watching': {
      const share = film.duration ? Math.min(100, (100 * film.watchedTo) / film.duration) : 0;
      const left = film.speed > 0 && film.duration ? (film.duration - film.watchedTo) / film.speed : null;
      return html`
        <div class="status panel">
          <progress max="100" .value=${share} aria-label="Watched"></progress>
          <p>Watched to <strong>${clock(film.watchedTo)}</strong>${film.duration ? ` of ${clock(film.duration)}` : ''},
            ${film.speed ? `${film.speed} × real time, ` : ''}${left === null ? '' : `${spoken(left)} left, `}${state.slots.length} slots.
            It can be asked already.</p>
          <button @click=${() => actions.act('stop')}>Stop here, keep what was seen</button>
          <button @click=${() => actions.act('cancel')}>Cancel</button>
        </div>`;
    }
    case 'interrupted':
      return html`<div class="status panel"><p>Watching was interrupted.</p><button @click=${() => actions.act('resume')}>Go on</button></div>`;
    case 'failed':
      return html`
        <div class="status panel bad"><p role="status">This film cannot be watched: ${film.error}</p>
          <button @click=${() => actions.act('resume')}>Try again</button>
          <button @click=${() => actions.forget()}>Forget it</button></div>`;
    case 'forgotten':
      return html`<p class="status" role="status">This film is forgotten.</p>`;
    default:
      return nothing;
  }
}

function kept(state, actions) {
  const {film} = state;
  return html`
    <div class="kept">
      <p class="fine">${film.frames} frames in ${state.slots.length} slots, ${bytes(film.bytes)}${
        film.duration && film.watchedTo < film.duration - 2 ? `, watched to ${clock(film.watchedTo)}` : ''}</p>
      <a href=${storyboardOf(film.handle)} target="_blank">Storyboard</a>
      <a href=${memoryOf(film.handle)}>Download memory</a>
      <button class="quiet" @click=${() => actions.set({renaming: true})}>Rename</button>
      ${state.forgetting
        ? html`<button class="danger" @click=${() => actions.forget()}>Really forget</button>
               <button class="quiet" @click=${() => actions.set({forgetting: false})}>Keep</button>`
        : html`<button class="quiet" @click=${() => actions.set({forgetting: true})}>Forget</button>`}
    </div>`;
}
