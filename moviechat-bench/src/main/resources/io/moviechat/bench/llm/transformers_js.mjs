// The same work by transformers.js on onnxruntime-node. node transformers_js.mjs MODEL_DIR PROMPT NEW_TOKENS FRAMES BEST_OF, run in a folder
// where @huggingface/transformers is installed; prints one JSON line.
import path from 'node:path';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const entry = createRequire(path.join(process.cwd(), 'package.json')).resolve('@huggingface/transformers');
const { AutoProcessor, AutoTokenizer, AutoModelForImageTextToText, RawImage, Tensor, env } = await import(pathToFileURL(entry));
const [folder, prompt, newTokens, frames, bestOf] = process.argv.slice(2);
env.allowRemoteModels = false;
env.localModelPath = path.dirname(path.resolve(folder)) + '/';
const name = path.basename(folder);
const tokenizer = await AutoTokenizer.from_pretrained(name);
const model = await AutoModelForImageTextToText.from_pretrained(name, { dtype: 'fp32' });

async function answer(count) {
  const inputs = tokenizer(prompt, { add_special_tokens: false });
  const start = performance.now();
  const out = await model.generate({ ...inputs, max_new_tokens: count, min_new_tokens: count, do_sample: false });
  const ids = Array.from(out.data, Number);
  return { ids: ids.slice(inputs.input_ids.dims[1]), seconds: (performance.now() - start) / 1000 };
}
await answer(4);
let seconds = Infinity, ids = [];
for (let i = 0; i < Number(bestOf); i++) {
  const one = await answer(1);
  const all = await answer(Number(newTokens));
  seconds = Math.min(seconds, all.seconds - one.seconds);
  ids = all.ids;
}

const processor = await AutoProcessor.from_pretrained(name);
const side = processor.image_processor.config.max_image_size.longest_edge;
const pictures = Array.from({ length: Number(frames) }, (_, f) => new RawImage(Uint8ClampedArray.from({ length: 3 * side * side }, (_, i) => (i * 31 + f * 17) % 256), side, side, 3));
async function encode() {
  const start = performance.now();
  const { pixel_values, pixel_attention_mask } = await processor.image_processor([pictures], { do_image_splitting: false });
  await model.encode_image({ pixel_values, pixel_attention_mask });
  return (performance.now() - start) / 1000;
}
await encode();
let encodeSeconds = Infinity;
for (let i = 0; i < Number(bestOf); i++) encodeSeconds = Math.min(encodeSeconds, await encode());
console.log(JSON.stringify({ tokensPerSecond: (Number(newTokens) - 1) / seconds, framesPerSecond: Number(frames) / encodeSeconds, ids }));
