// Hears a window of 30 seconds for each line that comes in, and prints the milliseconds that the process had the processor for.
const ort = require('onnxruntime-node'), readline = require('readline');
const [bundle, bands, width, layers, heads, start, language, task, end] = process.argv.slice(2).map((a, i) => i ? Number(a) : a);
const cpu = () => { const used = process.cpuUsage(); return (used.user + used.system) / 1e3; };
const int64 = list => new ort.Tensor('int64', BigInt64Array.from(list, BigInt), [1, list.length]);

async function main() {
  const options = { intraOpNumThreads: 1, interOpNumThreads: 1 };
  const encoder = await ort.InferenceSession.create(bundle + '/onnx/encoder_model.onnx', options);
  const decoder = await ort.InferenceSession.create(bundle + '/onnx/decoder_model_merged.onnx', options);
  const features = Float32Array.from({ length: bands * 3000 }, () => Math.random() - 0.5);

  async function window() {
    const heard = await encoder.run({ input_features: new ort.Tensor('float32', features, [1, bands, 3000]) });
    const feeds = {
      input_ids: int64([start, language, task]),
      encoder_hidden_states: heard.last_hidden_state,
      use_cache_branch: new ort.Tensor('bool', [false], [1]),
    };
    const nothing = new ort.Tensor('float32', new Float32Array(0), [1, heads, 0, width / heads]);
    for (let i = 0; i < layers; i++)
      for (const side of ['decoder', 'encoder']) for (const part of ['key', 'value']) feeds[`past_key_values.${i}.${side}.${part}`] = nothing;
    for (let first = true; ; first = false) {
      const out = await decoder.run(feeds);
      const logits = out.logits.data, count = out.logits.dims[2], from = logits.length - count;
      let best = 0;
      for (let i = 1; i < count; i++) if (logits[from + i] > logits[from + best]) best = i;
      if (best === end) return;
      for (let i = 0; i < layers; i++) for (const part of ['key', 'value']) {
        feeds[`past_key_values.${i}.decoder.${part}`] = out[`present.${i}.decoder.${part}`];
        if (first) feeds[`past_key_values.${i}.encoder.${part}`] = out[`present.${i}.encoder.${part}`];
      }
      feeds.input_ids = int64([best]);
      if (first) feeds.use_cache_branch = new ort.Tensor('bool', [true], [1]);
    }
  }

  for await (const line of readline.createInterface({ input: process.stdin })) {
    const begin = cpu();
    await window();
    console.log(cpu() - begin);
  }
}
main();
