// The HTTP API (docs/server.md), as functions.

async function request(path, options = {}) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (e) {
    if (e.name === 'AbortError') throw e;
    throw new Error('The server does not answer. Is it still running?');
  }
  if (!response.ok) {
    throw new Error(await reason(response));
  }
  return response;
}

async function reason(response) {
  try {
    return (await response.json()).error.message;
  } catch {
    return `The server answered ${response.status}.`;
  }
}

const json = async (path, method = 'GET', body) =>
  (await request(path, {
    method,
    headers: body ? {'Content-Type': 'application/json'} : {},
    body: body ? JSON.stringify(body) : undefined,
  })).json();

const film = (handle) => `/api/films/${handle}`;

export const health = () => json('/api/health');
export const films = async () => (await json('/api/films')).films;
export const find = (handle) => json(film(handle));
export const slots = async (handle) => (await json(`${film(handle)}/slots`)).slots;
export const search = (handle, words) => json(`${film(handle)}/search?q=${encodeURIComponent(words)}`);
export const openPath = (path) => json('/api/films', 'POST', {path});
export const rename = (handle, title) => json(film(handle), 'PATCH', {title});
export const forget = (handle) => json(film(handle), 'DELETE');
export const act = (handle, what) => json(`${film(handle)}/${what}`, 'POST');
export const videoOf = (handle) => `${film(handle)}/video`;
export const pictureOf = (handle, millis) => `${film(handle)}/pictures/${millis}.jpg`;
export const storyboardOf = (handle) => `${film(handle)}/storyboard.png`;
export const memoryOf = (handle) => `${film(handle)}/memory`;

/** Sends a file; XMLHttpRequest because fetch tells no upload progress. */
export function upload(file, onProgress) {
  const xhr = new XMLHttpRequest();
  const done = new Promise((resolve, reject) => {
    xhr.open('PUT', `/api/films?name=${encodeURIComponent(file.name)}`);
    xhr.upload.onprogress = (event) => onProgress(event.loaded, event.total);
    xhr.onload = () => {
      try {
        const answer = JSON.parse(xhr.responseText);
        xhr.status < 300 ? resolve(answer) : reject(new Error(answer.error.message));
      } catch {
        reject(new Error(`The server answered ${xhr.status}.`));
      }
    };
    xhr.onerror = () => reject(new Error(
      'The upload was cut off: the server refused it or the connection broke. If the file is large, give its path instead.'));
    xhr.onabort = () => reject(new DOMException('cancelled', 'AbortError'));
    xhr.send(file);
  });
  return {done, cancel: () => xhr.abort()};
}

/** Hears how a film is watched until it is done; returns a function that stops listening. */
export function listen(handle, {onFilm, onSlots, onEnd, onLost}) {
  const source = new EventSource(`${film(handle)}/events`);
  source.addEventListener('film', (event) => onFilm(JSON.parse(event.data)));
  source.addEventListener('memory', (event) => onSlots(JSON.parse(event.data).slots));
  source.addEventListener('end', () => {
    source.close();
    onEnd();
  });
  source.onerror = () => onLost(source.readyState === EventSource.CLOSED);
  return () => source.close();
}

/** Asks; pieces of the answer arrive by onToken, the whole is returned. */
export async function ask(handle, question, at, signal, onToken) {
  const response = await request(`${film(handle)}/asks`, {
    method: 'POST',
    headers: {'Content-Type': 'application/json'},
    body: JSON.stringify(at === null ? {question} : {question, at}),
    signal,
  });
  for await (const {name, data} of events(response.body)) {
    if (name === 'token') onToken(data.text);
    if (name === 'answer') return data;
    if (name === 'failed') throw new Error(data.message);
  }
  throw new Error('The answer was cut off: the server ended.');
}

async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (true) {
    const {done, value} = await reader.read();
    if (done) return;
    text += value;
    let end;
    while ((end = text.indexOf('\n\n')) >= 0) {
      const block = text.slice(0, end);
      text = text.slice(end + 2);
      let name = 'message';
      let data = null;
      for (const line of block.split('\n')) {
        if (line.startsWith('event: ')) name = line.slice(7);
        if (line.startsWith('data: ')) data = JSON.parse(line.slice(6));
      }
      if (data !== null) yield {name, data};
    }
  }
}
