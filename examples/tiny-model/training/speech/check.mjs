// Compares the bundle's graphs with torch: the whole text at once, and token by token with caches.
// node check.mjs BUNDLE REFERENCE, with npm's onnxruntime-node; REFERENCE is written by export.py --reference.
import fs from 'node:fs';
import path from 'node:path';
import ort from 'onnxruntime-node';

const [bundle, reference] = process.argv.slice(2);
const config = JSON.parse(fs.readFileSync(path.join(bundle, 'config.json')));
const { d_model: width, decoder_layers: layers, decoder_attention_heads: heads, vocab_size: vocabulary, num_mel_bins: mels } = config;
const read = (name) => { const b = fs.readFileSync(path.join(reference, name + '.f32')); return new Float32Array(b.buffer.slice(b.byteOffset, b.byteOffset + b.length)); };
const ids = JSON.parse(fs.readFileSync(path.join(reference, 'ids.json')));
const worst = (a, b) => { let w = 0; for (let i = 0; i < a.length; i++) w = Math.max(w, Math.abs(a[i] - b[i])); return w; };

const encoder = await ort.InferenceSession.create(path.join(bundle, 'onnx/encoder_model.onnx'));
const decoder = await ort.InferenceSession.create(path.join(bundle, 'onnx/decoder_model_merged.onnx'));
const { last_hidden_state: heard } = await encoder.run({ input_features: new ort.Tensor('float32', read('features'), [1, mels, 3000]) });
const encoderOff = worst(heard.data, read('heard'));

async function run(given, past) {
  const feed = {
    input_ids: new ort.Tensor('int64', BigInt64Array.from(given.map(BigInt)), [1, given.length]),
    encoder_hidden_states: heard,
    use_cache_branch: new ort.Tensor('bool', [past !== null], [1]),
  };
  for (let i = 0; i < layers; i++) for (const s of ['decoder', 'encoder']) for (const t of ['key', 'value']) {
    feed[`past_key_values.${i}.${s}.${t}`] = past ? past[`${i}.${s}.${t}`] : new ort.Tensor('float32', new Float32Array(0), [1, heads, 0, width / heads]);
  }
  const out = await decoder.run(feed);
  const next = {};
  for (let i = 0; i < layers; i++) for (const t of ['key', 'value']) {
    next[`${i}.decoder.${t}`] = out[`present.${i}.decoder.${t}`];
    next[`${i}.encoder.${t}`] = past ? past[`${i}.encoder.${t}`] : out[`present.${i}.encoder.${t}`];
  }
  return [out.logits, next];
}

const wanted = read('logits');
const [whole] = await run(ids, null);
const wholeOff = worst(whole.data, wanted);
let [logits, past] = await run(ids.slice(0, 3), null);
let stepOff = 0;
for (let i = 3; i < ids.length; i++) {
  [logits, past] = await run([ids[i]], past);
  stepOff = Math.max(stepOff, worst(logits.data, wanted.subarray(i * vocabulary, (i + 1) * vocabulary)));
}
console.log(`largest distance from torch: encoder ${encoderOff.toExponential(1)}, text at once ${wholeOff.toExponential(1)}, token by token ${stepOff.toExponential(1)}`);
if (!(Math.max(encoderOff, wholeOff, stepOff) < 2e-3)) { console.error('the graphs differ from torch'); process.exit(1); }
