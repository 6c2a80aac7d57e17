"""What a card is given against what a processor is given: attention, states and gradients. Needs torch 2.4 or newer, no card."""

import torch

import model


def relative(got, wanted):
    return float((got - wanted).norm() / wanted.norm())


def example(draw):
    """A batch of two memories and their texts of two questions each, the second one shorter."""
    b, p, t = 2, 328, 24
    prefix, text = torch.randn(b, p, model.WIDTH, generator=draw), torch.randn(b, t, model.WIDTH, generator=draw)
    length = torch.tensor([p, p - 40])
    block = torch.tensor([[0] * 10 + [1] * 14, [0] * 8 + [1] * 9 + [-1] * 7])
    seen = torch.cat([(torch.arange(p) < length[:, None])[:, None].expand(b, t, p), (block[:, :, None] == block[:, None]) & torch.ones(t, t).tril().bool()], 2)[:, None]
    bias = torch.zeros(seen.shape).masked_fill(~seen, -1e4)
    return prefix, text, torch.arange(p).expand(b, p), length[:, None] + torch.arange(t), bias


def run(decoder, x, weights, as_on_card):
    plain = model.attention, model.causal_attention
    if as_on_card:
        model.attention = lambda q, k, v, bias=None: model.fused_attention(q, k, v, attn_mask=bias)
        model.causal_attention = lambda q, k, v: model.fused_attention(q, k, v, is_causal=True)
    try:
        decoder.zero_grad()
        states = decoder.train_forward(*x)
        sum((s * w).sum() for s, w in zip(states, weights)).backward()
    finally:
        model.attention, model.causal_attention = plain
    return [s.detach() for s in states], {name: p.grad.clone() for name, p in decoder.named_parameters() if p.grad is not None}


def main():
    torch.set_num_threads(1)
    torch.manual_seed(3)
    decoder = model.Decoder(100).train()
    x = example(torch.Generator().manual_seed(4))
    weights = [torch.randn(2, n, model.WIDTH) for n in (24, 328, 24)]
    plain_states, plain = run(decoder, x, weights, False)
    fused_states, fused = run(decoder, x, weights, True)
    states = max(relative(f, p) for f, p in zip(fused_states, plain_states))
    gradients = max(relative(fused[name], plain[name]) for name in plain)
    print(f"states {states:.1e}, gradients {gradients:.1e}")
    assert states < 1e-5 and gradients < 1e-4, "a card computes something else"
    norm, x = model.RMSNorm(model.WIDTH), torch.randn(7, model.WIDTH) * 3
    with torch.no_grad():
        norm.weight.normal_()
        error = relative(torch.nn.functional.rms_norm(x, norm.weight.shape, norm.weight, 1e-5), norm.train()(x))
    assert error < 1e-6, error


if __name__ == "__main__":
    main()
