// Passes over memory that torch makes one by one on a CPU, fused: bfloat16 between them, float inside. One thread.
#include <torch/extension.h>

#include <cmath>
#include <cstdint>
#include <cstring>

typedef uint16_t half_t;

static inline float up(half_t h) {
  uint32_t bits = static_cast<uint32_t>(h) << 16;
  float f;
  std::memcpy(&f, &bits, 4);
  return f;
}

static inline half_t down(float f) {
  uint32_t bits;
  std::memcpy(&bits, &f, 4);
  return static_cast<half_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

static half_t* bf(const torch::Tensor& t) {
  TORCH_CHECK(t.scalar_type() == torch::kBFloat16 && t.is_contiguous());
  return reinterpret_cast<half_t*>(t.data_ptr());
}

static float* f32(const torch::Tensor& t) {
  TORCH_CHECK(t.scalar_type() == torch::kFloat && t.is_contiguous());
  return t.data_ptr<float>();
}

// scores [b * groups, per * n, m] become probabilities in place. ranges [b, n, 4] int32: keys [r0, r1) and [r2, r3) are seen.
void softmax_(torch::Tensor scores, torch::Tensor ranges, int64_t groups) {
  int64_t rows = scores.size(1), m = scores.size(2), n = ranges.size(1);
  bool shared = ranges.size(0) == 1;
  half_t* s = bf(scores);
  const int32_t* r = ranges.data_ptr<int32_t>();
  std::vector<float> row(m);
  for (int64_t a = 0; a < scores.size(0); a++) {
    for (int64_t i = 0; i < rows; i++, s += m) {
      const int32_t* q = r + ((shared ? 0 : a / groups) * n + i % n) * 4;
      float top = -1e30f;
      for (int part = 0; part < 4; part += 2) {
        for (int32_t j = q[part]; j < q[part + 1]; j++) {
          row[j] = up(s[j]);
          top = std::max(top, row[j]);
        }
      }
      float sum = 0;
      for (int part = 0; part < 4; part += 2) {
        for (int32_t j = q[part]; j < q[part + 1]; j++) {
          row[j] = expf(row[j] - top);
          sum += row[j];
        }
      }
      float scale = 1 / sum;
      std::memset(s, 0, m * 2);
      for (int part = 0; part < 4; part += 2) {
        for (int32_t j = q[part]; j < q[part + 1]; j++) {
          s[j] = down(row[j] * scale);
        }
      }
    }
  }
}

// g becomes the gradient of the scores: p * (g - sum(g * p)).
void softmax_backward_(torch::Tensor g, torch::Tensor p) {
  int64_t rows = g.size(0) * g.size(1), m = g.size(2);
  half_t* pa = bf(g);
  const half_t* pb = bf(p);
  for (int64_t i = 0; i < rows; i++, pa += m, pb += m) {
    half_t* __restrict__ a = pa;
    const half_t* __restrict__ b = pb;
    float dot = 0;
    for (int64_t j = 0; j < m; j++) dot += up(a[j]) * up(b[j]);
    for (int64_t j = 0; j < m; j++) a[j] = down(up(b[j]) * (up(a[j]) - dot));
  }
}

// Rotary embedding of one head: c holds h cosines, then h sines; the sign -1 turns back.
static inline void rotate(const half_t* __restrict__ s, half_t* __restrict__ d, const float* __restrict__ c, int64_t h, float k, float sign) {
  for (int64_t z = 0; z < h; z++) {
    float p = up(s[z]) * k, q = up(s[z + h]) * k, sine = sign * c[z + h];
    d[z] = down(p * c[z] - q * sine);
    d[z + h] = down(q * c[z] + p * sine);
  }
}

// x [b, n, heads * size] -> [b, heads, n, size], rotated by table[position] = (cosines, sines) of size / 2 each, times scale.
torch::Tensor split_heads(torch::Tensor x, torch::Tensor positions, torch::Tensor table, int64_t heads, double scale, bool turn) {
  int64_t b = x.size(0), n = x.size(1), size = x.size(2) / heads, h = size / 2;
  auto y = torch::empty({b, heads, n, size}, x.options());
  const half_t* from = bf(x);
  half_t* to = bf(y);
  const int64_t* at = positions.data_ptr<int64_t>();
  const float* t = f32(table);
  float k = scale;
  for (int64_t i = 0; i < b; i++) {
    for (int64_t j = 0; j < n; j++, from += heads * size) {
      const float* c = t + at[i * n + j] * size;
      for (int64_t e = 0; e < heads; e++) {
        const half_t* __restrict__ s = from + e * size;
        half_t* __restrict__ d = to + ((i * heads + e) * n + j) * size;
        if (turn) rotate(s, d, c, h, k, 1.0f);
        else std::memcpy(d, s, size * 2);
      }
    }
  }
  return y;
}

torch::Tensor join_heads(torch::Tensor g, torch::Tensor positions, torch::Tensor table, double scale, bool turn) {
  int64_t b = g.size(0), heads = g.size(1), n = g.size(2), size = g.size(3), h = size / 2;
  auto y = torch::empty({b, n, heads * size}, g.options());
  const half_t* from = bf(g);
  half_t* to = bf(y);
  const int64_t* at = positions.data_ptr<int64_t>();
  const float* t = f32(table);
  float k = scale;
  for (int64_t i = 0; i < b; i++) {
    for (int64_t j = 0; j < n; j++, to += heads * size) {
      const float* c = t + at[i * n + j] * size;
      for (int64_t e = 0; e < heads; e++) {
        const half_t* __restrict__ s = from + ((i * heads + e) * n + j) * size;
        half_t* __restrict__ d = to + e * size;
        if (turn) rotate(s, d, c, h, k, -1.0f);
        else std::memcpy(d, s, size * 2);
      }
    }
  }
  return y;
}

// silu(gate) * up
torch::Tensor swiglu(torch::Tensor gate, torch::Tensor upper) {
  auto y = torch::empty_like(gate);
  const half_t* __restrict__ a = bf(gate);
  const half_t* __restrict__ b = bf(upper);
  half_t* __restrict__ o = bf(y);
  int64_t n = gate.numel();
  for (int64_t i = 0; i < n; i++) {
    float g = up(a[i]);
    o[i] = down(g / (1 + expf(-g)) * up(b[i]));
  }
  return y;
}

std::vector<torch::Tensor> swiglu_backward(torch::Tensor d, torch::Tensor gate, torch::Tensor upper) {
  auto dg = torch::empty_like(gate), du = torch::empty_like(gate);
  const half_t* __restrict__ a = bf(gate);
  const half_t* __restrict__ b = bf(upper);
  const half_t* __restrict__ g = bf(d);
  half_t* __restrict__ p = bf(dg);
  half_t* __restrict__ q = bf(du);
  int64_t n = gate.numel();
  for (int64_t i = 0; i < n; i++) {
    float x = up(a[i]), s = 1 / (1 + expf(-x)), grad = up(g[i]);
    q[i] = down(grad * x * s);
    p[i] = down(grad * up(b[i]) * (s + x * s * (1 - s)));
  }
  return {dg, du};
}

// x + delta (delta may be empty), and its RMS norm in bfloat16: (sum float [rows, d], normed, 1 / rms [rows]).
std::vector<torch::Tensor> add_norm(torch::Tensor x, torch::Tensor delta, torch::Tensor weight) {
  int64_t d = x.size(-1), rows = x.numel() / d;
  bool add = delta.numel() > 0;
  auto sum = add ? torch::empty_like(x) : x;
  auto normed = torch::empty(x.sizes(), x.options().dtype(torch::kBFloat16));
  auto r = torch::empty({rows}, x.options());
  const float* w = f32(weight);
  const float* from = f32(x);
  const half_t* more = add ? bf(delta) : nullptr;
  float *to = f32(sum), *inverse = f32(r);
  half_t* out = bf(normed);
  for (int64_t i = 0; i < rows; i++) {
    const float* __restrict__ a = from + i * d;
    float* __restrict__ s = to + i * d;
    half_t* __restrict__ o = out + i * d;
    if (add) {
      const half_t* __restrict__ e = more + i * d;
      for (int64_t j = 0; j < d; j++) s[j] = a[j] + up(e[j]);
    }
    float squares = 0;
    for (int64_t j = 0; j < d; j++) squares += s[j] * s[j];
    float k = 1 / std::sqrt(squares / d + 1e-5f);
    inverse[i] = k;
    for (int64_t j = 0; j < d; j++) o[j] = down(s[j] * k * w[j]);
  }
  return {sum, normed, r};
}

// Gradients of add_norm: (of x, in float; of delta: the same in bfloat16; of the weight).
std::vector<torch::Tensor> add_norm_backward(torch::Tensor d_sum, torch::Tensor d_normed, torch::Tensor sum, torch::Tensor weight, torch::Tensor r, bool add) {
  int64_t d = sum.size(-1), rows = sum.numel() / d;
  auto dx = torch::empty_like(sum);
  auto dd = add ? torch::empty(sum.sizes(), sum.options().dtype(torch::kBFloat16)) : torch::empty({0}, sum.options().dtype(torch::kBFloat16));
  auto dw = torch::zeros_like(weight);
  bool more = d_sum.numel() > 0;
  const float *gs = more ? f32(d_sum) : nullptr, *s = f32(sum), *w = f32(weight), *inverse = f32(r);
  const half_t* g = bf(d_normed);
  float *o = f32(dx), *ow = f32(dw);
  half_t* od = add ? bf(dd) : nullptr;
  std::vector<float> t(d);
  for (int64_t i = 0; i < rows; i++) {
    float k = inverse[i], along = 0;
    for (int64_t j = 0; j < d; j++) {
      float unit = s[i * d + j] * k, grad = up(g[i * d + j]);
      ow[j] += grad * unit;
      t[j] = grad * w[j];
      along += t[j] * unit;
    }
    along /= d;
    for (int64_t j = 0; j < d; j++) {
      float v = (t[j] - s[i * d + j] * k * along) * k + (more ? gs[i * d + j] : 0);
      o[i * d + j] = v;
      if (add) od[i * d + j] = down(v);
    }
  }
  return {dx, dd, dw};
}

PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) {
  m.def("softmax_", &softmax_);
  m.def("softmax_backward_", &softmax_backward_);
  m.def("split_heads", &split_heads);
  m.def("join_heads", &join_heads);
  m.def("swiglu", &swiglu);
  m.def("swiglu_backward", &swiglu_backward);
  m.def("add_norm", &add_norm);
  m.def("add_norm_backward", &add_norm_backward);
}
