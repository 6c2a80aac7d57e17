// The page: one state, one function that draws it. lit-html changes only what differs.
import {html, nothing, render} from './vendor/lit-html.js';
import * as api from './api.js';
import {chatView} from './chat.js';
import {filmView} from './film.js';
import {filmsView} from './films.js';

const state = {
  health: null, // the server's, or null until it answered
  films: null, // all of them, or null until they are known
  handle: null, // the film that is shown
  film: null,
  slots: [],
  lost: false, // no word from the server
  upload: null, // {name, loaded, total, since, cancel}
  notice: '', // what went wrong last
  dragging: false,
  forgetting: false,
  renaming: false,
  time: 0, // the player's
  unplayable: false,
  slot: -1, // the slot that is looked at
  span: null, // [start, end] that a chip points to
  moment: false, // ask about the player's time rather than the whole film
  found: null, // {words, hits, watchedTo, error}; hits is null while the server looks
  chat: [], // {question, at, text, status, evidence, watchedTo, watchedWhole, error, all}
  asking: null, // the AbortController of the running answer
  keys: localStorage.getItem('keys') !== 'off', // single keys do something
};

const root = document.getElementById('app');
let drawn = false;

function draw() {
  if (drawn) return;
  drawn = true;
  queueMicrotask(() => {
    drawn = false;
    render(page(), root);
  });
}

function set(change) {
  Object.assign(state, change);
  draw();
}

function page() {
  return html`
    <a class="skip" href="#question" @click=${focusQuestion}>To the question</a>
    <header>
      <span class="brand"><img src="icon.svg" alt="" width="28" height="28">MovieChat</span>
      <span class="model">${state.health ? state.health.model : ''}</span>
      <button class="quiet" @click=${toggleTheme} aria-label=${`Colours: ${theme()}. Change`}>
        <span aria-hidden="true">${{auto: '◐', light: '☀', dark: '☾'}[theme()]}</span> ${theme()}
      </button>
    </header>
    ${state.notice ? html`
      <div class="notice" role="alert">
        <p>${state.notice}</p>
        <button class="quiet" @click=${() => set({notice: ''})}>Close</button>
      </div>` : nothing}
    <main class=${state.dragging ? 'dragging' : ''}>
      ${filmsView(state, actions)}
      ${state.film ? filmView(state, actions) : empty()}
      ${state.film ? chatView(state, actions) : nothing}
    </main>`;
}

function empty() {
  const words = state.films === null ? 'Loading …'
    : state.films.length ? 'Choose a film, or open another.'
    : 'Open a film: drop a video file here, choose one, or give the path of one.';
  return html`<section class="film empty" aria-label="Film"><p>${words}</p></section>`;
}

// ---- What people can do ----

const actions = {
  set,

  async send(file) {
    if (!file) return;
    const since = performance.now();
    const sending = api.upload(file, (loaded, total) => {
      if (state.upload) set({upload: {...state.upload, loaded, total}});
    });
    set({notice: '', upload: {name: file.name, loaded: 0, total: file.size, since, cancel: sending.cancel}});
    try {
      const film = await sending.done;
      await refresh();
      show(film.handle);
    } catch (e) {
      if (e.name !== 'AbortError') set({notice: e.message});
    } finally {
      set({upload: null});
    }
  },

  async openPath(path) {
    await attempt(async () => {
      const film = await api.openPath(path);
      await refresh();
      show(film.handle);
    });
  },

  show,

  async act(what) {
    await attempt(() => api.act(state.handle, what));
    follow();
  },

  async forget() {
    await attempt(async () => {
      await api.forget(state.handle);
      sessionStorage.removeItem(chatKey());
      show(null);
      await refresh();
    });
  },

  async rename(title) {
    set({renaming: false});
    if (title.trim() && title !== state.film.title) {
      await attempt(async () => {
        set({film: await api.rename(state.handle, title)});
        await refresh();
      });
    }
  },

  seek(seconds, span = null) {
    const video = root.querySelector('video');
    if (video && !state.unplayable) video.currentTime = seconds;
    set({time: seconds, span, slot: slotAt(seconds)});
  },

  async find(words) {
    if (!words.trim()) {
      set({found: null});
      return;
    }
    const found = {words: words.trim(), hits: null, watchedTo: 0, error: ''};
    set({found, span: null});
    try {
      Object.assign(found, await api.search(state.handle, found.words));
    } catch (e) {
      Object.assign(found, {hits: [], error: e.message});
    }
    draw();
  },

  async ask(question) {
    if (!question.trim() || state.asking) return;
    const at = state.moment ? Math.round(state.time * 1000) / 1000 : null;
    const turn = {question: question.trim(), at, text: '', status: 'running', evidence: [], error: ''};
    state.chat.push(turn);
    await answer(turn);
  },

  async retry(turn) {
    if (state.asking) return;
    Object.assign(turn, {text: '', status: 'running', evidence: [], error: ''});
    await answer(turn);
  },

  stop() {
    state.asking?.abort();
  },

  clearChat() {
    state.chat = [];
    keepChat();
    draw();
  },
};

async function attempt(work) {
  try {
    set({notice: ''});
    await work();
  } catch (e) {
    set({notice: e.message});
  }
}

async function answer(turn) {
  const asking = new AbortController();
  const handle = state.handle;
  set({asking});
  scrollToEnd();
  try {
    const whole = await api.ask(handle, turn.question, turn.at, asking.signal, (piece) => {
      turn.text += piece;
      speak(turn.text, false);
      draw();
    });
    Object.assign(turn, {
      text: whole.text,
      status: 'done',
      evidence: whole.evidence,
      cues: whole.cues,
      watchedTo: whole.watchedTo,
      watchedWhole: whole.watchedWhole,
      millis: whole.millis,
    });
    speak(turn.text, true);
  } catch (e) {
    if (e.name === 'AbortError') {
      turn.status = 'stopped';
    } else {
      Object.assign(turn, {status: 'failed', error: e.message});
    }
  } finally {
    set({asking: null});
    if (handle === state.handle) keepChat();
    scrollToEnd();
  }
}

// ---- Films ----

let unlisten = () => {};

async function refresh() {
  const films = await api.films();
  set({films});
}

/** Shows a film, or none; the address holds it, so that a reload and a link show it again. */
function show(handle) {
  if (handle === state.handle && state.film) return;
  state.asking?.abort();
  unlisten();
  const address = handle ? `#${handle}` : '#';
  if (location.hash !== address) history.pushState(null, '', handle ? address : location.pathname);
  const film = state.films?.find((each) => each.handle === handle) ?? null;
  set({handle, film, slots: [], time: 0, unplayable: false, slot: -1, span: null, moment: false, found: null,
    forgetting: false, renaming: false, lost: false, chat: []});
  document.title = film ? `${film.title} · MovieChat` : 'MovieChat';
  if (handle) {
    state.chat = JSON.parse(sessionStorage.getItem(chatKey()) ?? '[]');
    follow();
  }
}

/** Hears how the film is watched. */
function follow() {
  unlisten();
  const handle = state.handle;
  if (!handle) return;
  const mine = () => handle === state.handle;
  unlisten = api.listen(handle, {
    onFilm: (film) => mine() && set({film, lost: false}),
    onSlots: (slots) => mine() && set({slots, slot: Math.min(state.slot, slots.length - 1)}),
    onEnd: () => mine() && refresh().catch(() => {}),
    onLost: async (forGood) => {
      if (!mine()) return;
      set({lost: true});
      if (forGood) { // refused rather than cut off: the film may be gone
        try {
          await api.find(handle);
          setTimeout(() => mine() && follow(), 2000);
        } catch (e) {
          set({notice: e.message});
          if (!e.message.includes('does not answer')) {
            show(null);
            refresh().catch(() => {});
          } else {
            setTimeout(() => mine() && follow(), 2000);
          }
        }
      }
    },
  });
}

const slotAt = (seconds) => state.slots.findIndex((slot, i) =>
  seconds >= slot.start && (seconds < slot.end || i === state.slots.length - 1));

const chatKey = () => `chat-${state.handle}`;
const keepChat = () => sessionStorage.setItem(chatKey(), JSON.stringify(state.chat));

// ---- Reading aloud: whole sentences only, or screen readers stutter ----

let spokenTo = 0;

function speak(text, whole) {
  const live = document.getElementById('live');
  if (!live) return;
  if (text.length < spokenTo) spokenTo = 0;
  const end = whole ? text.length : Math.max(...['. ', '! ', '? ', '\n'].map((mark) => text.lastIndexOf(mark))) + 1;
  if (end > spokenTo) {
    live.textContent = text.slice(spokenTo, end);
    spokenTo = end;
  }
  if (whole) spokenTo = 0;
}

function scrollToEnd() {
  setTimeout(() => {
    const log = document.querySelector('.log');
    if (log) log.scrollTop = log.scrollHeight;
  }, 0);
}

// ---- Colours ----

const theme = () => document.documentElement.dataset.theme ?? 'auto';

function toggleTheme() {
  const next = {auto: 'light', light: 'dark', dark: 'auto'}[theme()];
  setTheme(next);
  localStorage.setItem('theme', next);
  draw();
}

function setTheme(name) {
  if (name === 'light' || name === 'dark') document.documentElement.dataset.theme = name;
  else delete document.documentElement.dataset.theme;
}

// ---- Keys ----

// Who speaks to a machine, or strikes keys by accident, must be able to turn single keys off (WCAG 2.1.4).
actions.toggleKeys = () => {
  localStorage.setItem('keys', state.keys ? 'off' : 'on');
  set({keys: !state.keys});
};

function focusQuestion(event) {
  event?.preventDefault();
  document.getElementById('question')?.focus();
}

document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && state.asking) {
    actions.stop();
    return;
  }
  const typing = event.target.closest?.('input, textarea, button, a, summary, video, [role=slider]');
  if (!state.keys || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === '/') focusQuestion(event);
  if (event.key === 'f') {
    event.preventDefault();
    document.getElementById('find')?.focus();
  }
  if (event.key === ' ') {
    event.preventDefault();
    const video = root.querySelector('video');
    if (video) video.paused ? video.play().catch(() => {}) : video.pause();
  }
  if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
    event.preventDefault();
    step(event.key === 'ArrowLeft' ? -1 : 1);
  }
});

function step(by) {
  if (!state.slots.length) return;
  const from = state.slot < 0 ? slotAt(state.time) : state.slot;
  const next = Math.max(0, Math.min(state.slots.length - 1, from + by));
  const slot = state.slots[next];
  actions.seek(slot.start, [slot.start, slot.end]);
  set({slot: next});
}

actions.step = step;

// ---- Dropping files ----

let inside = 0;
addEventListener('dragenter', (event) => {
  event.preventDefault();
  inside += 1;
  set({dragging: true});
});
addEventListener('dragleave', () => {
  inside -= 1;
  if (inside <= 0) set({dragging: false});
});
addEventListener('dragover', (event) => event.preventDefault());
addEventListener('drop', (event) => {
  event.preventDefault();
  inside = 0;
  set({dragging: false});
  actions.send(event.dataTransfer.files[0]);
});

// ---- Begin ----

addEventListener('popstate', () => show(location.hash.slice(1) || null));
setTheme(localStorage.getItem('theme'));
root.replaceChildren();
draw();
try {
  const [health] = await Promise.all([api.health(), refresh()]);
  set({health});
  const wanted = location.hash.slice(1);
  const there = state.films.find((film) => film.handle === wanted);
  if (wanted && !there) set({notice: 'The film of this address is not here any more.'});
  show(there ? wanted : state.films[0]?.handle ?? null);
} catch (e) {
  set({notice: e.message, films: []});
}
setInterval(() => refresh().catch(() => {}), 10_000);

