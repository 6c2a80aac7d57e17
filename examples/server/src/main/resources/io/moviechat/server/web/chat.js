// Questions and answers.
import {html, nothing} from './vendor/lit-html.js';
import {clock, count, span} from './format.js';

const FEW = 6;

export function chatView(state, actions) {
  const {film} = state;
  const askable = film.state === 'ready' || film.state === 'watching';
  const submit = (event) => {
    event?.preventDefault();
    const box = document.getElementById('question');
    const question = box.value;
    if (!question.trim() || state.asking || !askable) return;
    box.value = '';
    actions.ask(question);
  };
  const keys = (event) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) submit(event);
  };
  return html`
    <section class="chat" aria-label="Questions">
      <h2>Questions</h2>
      <div class="log" role="region" aria-label="Questions and answers" tabindex="0">
        ${state.chat.length ? state.chat.map((turn) => turnView(turn, state, actions)) : html`
          <p class="fine">Ask about the whole film, or move the player to a moment and ask about that.</p>
          ${state.health?.warning ? html`<p class="fine">${state.health.warning}</p>` : nothing}`}
      </div>
      <div id="live" class="hidden" aria-live="polite"></div>
      <form class="ask" @submit=${submit}>
        <fieldset class="scope">
          <legend class="hidden">What the question is about</legend>
          <label><input type="radio" name="scope" .checked=${!state.moment} @change=${() => actions.set({moment: false})}>Whole film</label>
          <label><input type="radio" name="scope" .checked=${state.moment} @change=${() => actions.set({moment: true})}>At ${clock(state.time)}</label>
        </fieldset>
        <label class="hidden" for="question">Question</label>
        <textarea id="question" rows="2" maxlength="2000" @keydown=${keys}
          placeholder=${askable ? 'What happens in the film?' : 'The film cannot be asked yet'}></textarea>
        ${state.asking
          ? html`<button type="button" @click=${actions.stop}>Stop</button>`
          : html`<button class="main" ?disabled=${!askable}>Ask</button>`}
      </form>
      <p class="fine">
        <span class="keys">${state.keys
          ? html`<kbd>/</kbd> question · <kbd>f</kbd> find · <kbd>Space</kbd> play · <kbd>←</kbd> <kbd>→</kbd> slots · `
          : nothing}<kbd>Enter</kbd> ask · <kbd>Esc</kbd> stop ·
          <button class="link" @click=${actions.toggleKeys}>${state.keys ? 'No single keys' : 'Single keys'}</button></span>
        ${state.chat.length && !state.asking ? html`<button class="link" @click=${actions.clearChat}>Clear</button>` : nothing}</p>
    </section>`;
}

function turnView(turn, state, actions) {
  const copy = async (event) => {
    const button = event.currentTarget;
    try {
      await navigator.clipboard.writeText(turn.text);
      button.textContent = 'Copied';
    } catch {
      button.textContent = 'Cannot copy';
    }
  };
  return html`
    <article>
      <p class="question">${turn.question}${turn.at === null ? nothing : html` <button class="chip" @click=${() => actions.seek(turn.at)}>at ${clock(turn.at)}</button>`}</p>
      <p class="answer">${turn.text}${turn.status === 'running' ? html`<span class="cursor" aria-hidden="true"></span>` : nothing}</p>
      ${turn.status === 'failed' ? html`<p class="bad" role="alert">${turn.error}</p>` : nothing}
      ${turn.status === 'stopped' ? html`<p class="fine">Stopped.</p>` : nothing}
      ${turn.status === 'done' && turn.watchedWhole === false ? html`
        <p class="fine">Knows the film up to ${clock(turn.watchedTo)}: it was still being watched.</p>` : nothing}
      ${chips(turn, actions)}
      ${turn.status === 'running' ? nothing : html`
        <p class="tools">
          ${turn.text ? html`<button class="quiet" @click=${copy}>Copy</button>` : nothing}
          <button class="quiet" ?disabled=${Boolean(state.asking)} @click=${() => actions.retry(turn)}>Retry</button>
        </p>`}
    </article>`;
}

// The slots that the question wanted most; else of a moment the latest, of a film its course.
function foremost(turn) {
  const wanted = turn.evidence.filter((slot) => slot.relevance);
  if (!wanted.length) return turn.at === null ? turn.evidence.slice(0, FEW) : turn.evidence.slice(-FEW);
  const rank = (slot) => slot.relevance ?? 0;
  return [...turn.evidence].sort((a, b) => rank(b) - rank(a)).slice(0, FEW).sort((a, b) => a.start - b.start);
}

function chips(turn, actions) {
  if (!turn.evidence?.length) return nothing;
  const few = foremost(turn);
  const shown = turn.all ? turn.evidence : few;
  const rest = turn.evidence.length - shown.length;
  const more = () => {
    turn.all = true;
    actions.set({});
  };
  const others = rest > 0
    ? html`<button class="chip" @click=${more}>${rest} ${turn.at === null ? 'more' : 'earlier'}</button>` : nothing;
  return html`
    <div class="chips" role="group" aria-label="What the answer rests on">
      ${turn.at === null ? nothing : others}
      ${shown.map((slot) => html`
        <button class="chip slot-chip" title=${count(slot.frames, 'frame')}
          @click=${() => actions.seek(slot.start, [slot.start, slot.end])}>${span(slot.start, slot.end)}</button>`)}
      ${turn.at === null ? others : nothing}
      ${(turn.cues ?? []).slice(0, FEW).map((cue) => html`
        <button class="chip" @click=${() => actions.seek(cue.start, [cue.start, cue.end])}>${clock(cue.start)} “${cue.text}”</button>`)}
    </div>`;
}
