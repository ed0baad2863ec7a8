"""Lesson 06: the contraction penalty in closed form and by chance, relative displacement."""

import torch

from aecourse.exercises.checks import Exercise, Mistake


def draws(seed, *shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# Contraction in closed form -----------------------------------------------------------------


def contraction(h, W):
    return closed_form(h, W)


def closed_form(h, W, slope=None, norms=None):
    """Squared slopes of the units times the squared norms of their weights."""
    slope = (1 - h**2) ** 2 if slope is None else slope
    norms = (W**2).sum(1) if norms is None else norms
    return slope @ norms


def cycled(values, count):
    """The first ``count`` of the values, repeated if there are too few."""
    return values.repeat(-(-count // len(values)))[:count]


CONTRACTION = Exercise(
    name="contraction",
    right=contraction,
    probes={
        "codes of 5 examples, 3 units and 4 inputs": (
            torch.tanh(draws(1, 5, 3)), draws(2, 3, 4)),
        "codes of 4 examples, 6 units and 7 inputs": (
            torch.tanh(0.7 * draws(3, 4, 6)), 0.5 * draws(4, 6, 7)),
        "codes of 3 examples, 5 units and 2 inputs": (
            torch.tanh(0.5 * draws(5, 3, 5)), 2 * draws(6, 5, 2)),
    },
    mistakes=[
        Mistake(
            "The slope 1 − h² is not squared. Every entry of the Jacobian is a slope times a "
            "weight, and the entries are squared as a whole.",
            lambda h, W: closed_form(h, W, slope=1 - h**2),
        ),
        Mistake(
            "The weights are not squared. Every entry of the Jacobian is a slope times a weight, "
            "and the entries are squared as a whole.",
            lambda h, W: closed_form(h, W, norms=W.sum(1)),
            lambda h, W: closed_form(h, W, norms=W.abs().sum(1)),
            lambda h, W: closed_form(h, W, norms=W.norm(dim=1)),
        ),
        Mistake(
            "Neither slopes nor weights are squared: the entries of the Jacobian are added up, and "
            "those of opposite sign cancel.",
            lambda h, W: closed_form(h, W, slope=1 - h**2, norms=W.sum(1)),
            lambda h, W: closed_form(h, W, slope=1 - h**2, norms=W.abs().sum(1)),
        ),
        Mistake(
            "This is the norm itself. The penalty is its square: leave the root out.",
            lambda h, W: closed_form(h, W).sqrt(),
        ),
        Mistake(
            "The weights are summed before they are squared. Each entry of the Jacobian is squared "
            "alone; afterwards they are added up.",
            lambda h, W: closed_form(h, W, norms=W.sum(1) ** 2),
            lambda h, W: ((1 - h**2) @ W).sum(1) ** 2,
            lambda h, W: ((1 - h**2) @ W.abs().sum(1)) ** 2,
        ),
        Mistake(
            "The units are added up before the square: this is the squared length of the sum of "
            "their gradients, in which they can cancel.",
            lambda h, W: (((1 - h**2) @ W) ** 2).sum(1),
        ),
        Mistake(
            "The lengths of the units' gradients are added up. Their squares add up to the squared "
            "norm, their lengths do not.",
            lambda h, W: (1 - h**2) @ W.norm(dim=1),
            lambda h, W: ((1 - h**2) @ W.norm(dim=1)) ** 2,
        ),
        Mistake(
            "The sum runs over the wrong axis of W. The weights of unit j are row j: sum over the "
            "inputs, which are columns.",
            lambda h, W: closed_form(h, W, norms=cycled((W**2).sum(0), len(W))),
        ),
        Mistake(
            "The slope of the sigmoid is used. For tanh the slope is 1 − h².",
            lambda h, W: closed_form(h, W, slope=(h * (1 - h)) ** 2),
        ),
        Mistake(
            "The tanh is applied to codes that have passed it already: h is the code.",
            lambda h, W: closed_form(h, W, slope=(1 - torch.tanh(h) ** 2) ** 2),
        ),
        Mistake(
            "The slope of tanh is 1 − h², and the whole of it is squared: (1 − h²)². Here a "
            "square is in the wrong place.",
            lambda h, W: closed_form(h, W, slope=1 - h**4),
            lambda h, W: closed_form(h, W, slope=(1 - h) ** 2),
            lambda h, W: closed_form(h, W, slope=h**2),
            lambda h, W: closed_form(h, W, slope=h**4),
        ),
        Mistake(
            "The slopes are missing: this is the squared norm of the weights, the same for every "
            "code. A unit near −1 or 1 hardly moves.",
            lambda h, W: (W**2).sum().expand(len(h)),
            lambda h, W: (W**2).sum(),
        ),
        Mistake(
            "Slopes and weights are summed separately and then multiplied. The slope of unit j "
            "belongs to the weights of unit j: use a matrix product.",
            lambda h, W: ((1 - h**2) ** 2).sum(1) * (W**2).sum(),
        ),
        Mistake(
            "The slopes are averaged over the batch first. Every example has its own.",
            lambda h, W: ((1 - h**2).mean(0) ** 2 @ (W**2).sum(1)).expand(len(h)),
            lambda h, W: (((1 - h**2) ** 2).mean(0) @ (W**2).sum(1)).expand(len(h)),
            lambda h, W: (1 - h**2).mean(0) ** 2 @ (W**2).sum(1),
        ),
        Mistake(
            "The weights are missing: this is the sum of the squared slopes.",
            lambda h, W: ((1 - h**2) ** 2).sum(1),
        ),
        Mistake(
            "The entries are averaged. The squared norm is their sum, over units and inputs.",
            lambda h, W: closed_form(h, W) / W.numel(),
            lambda h, W: closed_form(h, W) / W.shape[1],
            lambda h, W: closed_form(h, W) / W.shape[0],
        ),
        Mistake(
            "The examples are averaged or added up. One number for each example is asked for.",
            lambda h, W: closed_form(h, W).mean(),
            lambda h, W: closed_form(h, W).sum(),
        ),
        Mistake(
            "There is one number for each unit of each example. Add up over the units.",
            lambda h, W: (1 - h**2) ** 2 * (W**2).sum(1),
        ),
        Mistake(
            "There is one number for each input of each example: that is summed over units only. "
            "Add up over the inputs too.",
            lambda h, W: (1 - h**2) ** 2 @ W**2,
        ),
    ],
    hints={
        "size of tensor|shapes cannot be multiplied|size mismatch|must match": "The code h is "
        "(B, K) and W is (K, D). Sum the squared weights over the D inputs, so that one number is "
        "left for each of the K units.",
    },
    insight="No Jacobian had to be built: for one layer, tanh or sigmoid, the penalty costs one "
    "more matrix product.",
)

# Hutchinson ---------------------------------------------------------------------------------


def hutchinson(encode, x, probes):
    return pulled_back(encode, x, probes).square().sum(2).mean(0)


def pulled_back(encode, x, probes):
    """Jᵀv for each probe and example: (n, B, D)."""
    _, pull_back = torch.func.vjp(encode, x)
    return torch.stack([pull_back(v)[0] for v in probes])


def exact_norm(encode, x):
    rows = torch.func.vmap(torch.func.jacrev(lambda one: encode(one[None])[0]))(x)
    return rows.square().sum((1, 2))


def everyone_the_first(probes):
    return probes[:, :1].expand_as(probes)


def always_the_first(probes):
    return probes[:1].expand_as(probes)


MIX = {(3, 4): draws(11, 3, 4), (5, 2): 0.7 * draws(12, 5, 2), (2, 6): draws(13, 2, 6)}


def encode_4_to_3(x):
    return torch.sigmoid(x @ MIX[3, 4].T)


def encode_2_to_5(x):
    return torch.tanh(x @ MIX[5, 2].T) + (x**2).sum(1, keepdim=True)


def encode_6_to_2(x):
    return torch.sin(x) @ MIX[2, 6].T


def signs(seed, *shape):
    return torch.where(draws(seed, *shape) < 0, -1.0, 1.0).double()


HUTCHINSON = Exercise(
    name="Hutchinson",
    right=hutchinson,
    probes={
        "7 probes, 5 examples, 4 inputs, 3 units": (
            encode_4_to_3, draws(21, 5, 4), signs(22, 7, 5, 3)),
        "3 probes, 4 examples, 2 inputs, 5 units": (
            encode_2_to_5, draws(23, 4, 2), signs(24, 3, 4, 5)),
        "6 Gaussian probes, 3 examples, 6 inputs, 2 units": (
            encode_6_to_2, draws(25, 3, 6), draws(26, 6, 3, 2)),
    },
    mistakes=[
        Mistake(
            "The mean is taken over the inputs. The squared length of Jᵀv is a sum over them; only "
            "over the probes is averaged.",
            lambda f, x, p: pulled_back(f, x, p).square().mean(2).mean(0),
        ),
        Mistake(
            "The estimates of the probes are added up. Each of them estimates the whole norm: "
            "average them.",
            lambda f, x, p: pulled_back(f, x, p).square().sum(2).sum(0),
        ),
        Mistake(
            "Inputs and probes are treated the wrong way round: sum over the inputs, average over "
            "the probes.",
            lambda f, x, p: pulled_back(f, x, p).square().mean(2).sum(0),
        ),
        Mistake(
            "One v is shared by the whole batch: every example gets the signs of the first. "
            "Errors of the examples then go in the same direction, and averaging over the batch "
            "does not remove them. Example i has its own probes[:, i].",
            lambda f, x, p: hutchinson(f, x, everyone_the_first(p)),
            lambda f, x, p: hutchinson(f, x, p[:, -1:].expand_as(p)),
        ),
        Mistake(
            "Only the first probe counts: the loop ends too early (a return inside it?), or every "
            "turn uses the same v. Average over probes[0], probes[1] and so on.",
            lambda f, x, p: hutchinson(f, x, always_the_first(p)),
        ),
        Mistake(
            "Only the last probe counts. Each turn of the loop replaces the turns before: add to "
            "them, and divide by the number of probes at the end.",
            lambda f, x, p: hutchinson(f, x, p[-1:]),
            lambda f, x, p: hutchinson(f, x, p[-1:]) / len(p),
        ),
        Mistake(
            "The probes are added up or averaged before the square. Their signs then cancel: "
            "square the length for each probe, and average the squares.",
            lambda f, x, p: hutchinson(f, x, p.mean(0, keepdim=True)),
            lambda f, x, p: hutchinson(f, x, p.sum(0, keepdim=True)),
            lambda f, x, p: hutchinson(f, x, p.sum(0, keepdim=True)) / len(p),
        ),
        Mistake(
            "The length of Jᵀv is not squared before the mean. The mean of lengths estimates "
            "something else, also if it is squared afterwards: leave the root out.",
            lambda f, x, p: pulled_back(f, x, p).norm(dim=2).mean(0),
            lambda f, x, p: pulled_back(f, x, p).norm(dim=2).mean(0) ** 2,
        ),
        Mistake(
            "The root is taken at the end. The penalty is the squared norm.",
            lambda f, x, p: hutchinson(f, x, p).sqrt(),
        ),
        Mistake(
            "The entries of Jᵀv are added up without being squared.",
            lambda f, x, p: pulled_back(f, x, p).sum(2).mean(0),
            lambda f, x, p: pulled_back(f, x, p).abs().sum(2).mean(0),
        ),
        Mistake(
            "The entries of Jᵀv are added up before they are squared. Square each, then add.",
            lambda f, x, p: pulled_back(f, x, p).sum(2).square().mean(0),
        ),
        Mistake(
            "The probes are not used: the gradient of the *sum* of the code units is squared. "
            "Weigh the units by v first.",
            lambda f, x, p: hutchinson(f, x, torch.ones_like(p)),
        ),
        Mistake(
            "This is the exact norm, from the whole Jacobian. The estimate with these probes is "
            "asked for, which needs one backward pass for each of them.",
            lambda f, x, p: exact_norm(f, x),
        ),
        Mistake(
            "The gradients pile up: .backward() adds to x.grad, so each turn of the loop also has "
            "the gradients of the turns before. Set x.grad = None in each turn.",
            lambda f, x, p: pulled_back(f, x, p).cumsum(0).square().sum(2).mean(0),
        ),
        Mistake(
            "The gradient of a mean is taken, (code * v).mean(). Jᵀv is the gradient of the sum.",
            lambda f, x, p: hutchinson(f, x, p) / p[0].numel() ** 2,
            lambda f, x, p: hutchinson(f, x, p) / p.shape[2] ** 2,
        ),
        Mistake(
            "The result is divided by the number of units. The expectation of v vᵀ is the identity "
            "already: nothing is left to divide.",
            lambda f, x, p: hutchinson(f, x, p) / p.shape[2],
        ),
        Mistake(
            "The examples are averaged or added up. One estimate for each example is asked for.",
            lambda f, x, p: hutchinson(f, x, p).mean(),
            lambda f, x, p: hutchinson(f, x, p).sum(),
        ),
        Mistake(
            "There is one number for each probe and example. Average over the probes.",
            lambda f, x, p: pulled_back(f, x, p).square().sum(2),
        ),
        Mistake(
            "There is one number for each input. Add up the squares over the inputs.",
            lambda f, x, p: pulled_back(f, x, p).square().mean(0),
        ),
    ],
    hints={
        "implicitly created only for scalar": "Autograd wants one number: multiply the code by v "
        "and add everything up, (code * v).sum(), or pass v as grad_outputs.",
        "does not require grad": "Gradients with respect to x need an x that asks for them: "
        "x = x.clone().requires_grad_(), before encode.",
        "backward through the graph a second time": "Each gradient frees the graph: encode x again "
        "for each probe, or pass retain_graph=True.",
        "'tuple'": "The function that vjp returns gives a tuple, with one gradient for each input: "
        "take [0].",
        "Mismatch in shape|forward gradient|calculate jvp": "Jᵀv needs one v of the code's shape "
        "(B, K) at a time: loop over the probes, and use vjp (not jvp, which takes a v of the "
        "input's shape).",
    },
    insight="Each probe costs one backward pass, however many units the code has. Fresh signs for "
    "every example keep the errors of a batch independent.",
)

# Relative displacement ----------------------------------------------------------------------


def relative_displacement(clean, moved):
    return ((moved - clean) ** 2).sum(1).mean().div(total_variance(clean)).sqrt()


def total_variance(codes, correction=0):
    return codes.var(0, correction=correction).sum()


def centred(codes):
    return codes - codes.mean(0)


def within(codes):
    """Squared distances of the numbers of each code from their own mean."""
    return (codes - codes.mean(1, keepdim=True)) ** 2


def squares(clean, moved):
    return ((moved - clean) ** 2).sum(1)


def code_pair(seed, count, units):
    scale = torch.linspace(0.5, 3, units).double()
    clean = draws(seed, count, units) * scale + torch.linspace(2, -1, units).double()
    return clean, clean + 0.4 * draws(seed + 1, count, units) + 0.2


DISPLACEMENT = Exercise(
    name="relative displacement",
    right=relative_displacement,
    also_right=(
        lambda clean, moved: (squares(clean, moved).mean() / total_variance(clean, 1)).sqrt(),
    ),
    probes={
        "codes of 9 examples, 3 units": code_pair(31, 9, 3),
        "codes of 6 examples, 5 units": code_pair(33, 6, 5),
        "codes of 12 examples, 2 units": code_pair(35, 12, 2),
    },
    mistakes=[
        Mistake(
            "The displacement is divided by the length of the code, not by its spread. Add the "
            "same large number to every code: nothing has been gained, and this ratio falls. "
            "Subtract the mean code first.",
            lambda c, m: (squares(c, m).mean() / (c**2).sum(1).mean()).sqrt(),
            lambda c, m: (m - c).norm(dim=1).mean() / c.norm(dim=1).mean(),
            lambda c, m: ((m - c).norm(dim=1) / c.norm(dim=1)).mean(),
            lambda c, m: (squares(c, m) / (c**2).sum(1)).mean().sqrt(),
        ),
        Mistake(
            "The displacement is not divided by anything. Halve the code, and it halves: compare "
            "it with the spread.",
            lambda c, m: squares(c, m).mean().sqrt(),
            lambda c, m: squares(c, m).mean(),
            lambda c, m: (m - c).norm(dim=1).mean(),
        ),
        Mistake(
            "The root is missing: this is the square of the relative displacement.",
            lambda c, m: squares(c, m).mean() / total_variance(c),
            lambda c, m: squares(c, m).mean() / total_variance(c, 1),
        ),
        Mistake(
            "A squared distance is divided by a distance, or the other way round. Such a ratio "
            "still changes when the code is scaled: square both.",
            lambda c, m: squares(c, m).mean() / total_variance(c).sqrt(),
            lambda c, m: squares(c, m).mean().sqrt() / total_variance(c),
            lambda c, m: (m - c).norm(dim=1).mean() / total_variance(c),
        ),
        Mistake(
            "The spread is that of all numbers around one common mean. Every unit has its own: "
            "average over examples, unit by unit.",
            lambda c, m: (((m - c) ** 2).mean() / c.var(correction=0)).sqrt(),
            lambda c, m: (((m - c) ** 2).mean() / c.var()).sqrt(),
            lambda c, m: (squares(c, m).mean() / c.var(correction=0)).sqrt(),
            lambda c, m: (squares(c, m).mean() / c.var()).sqrt(),
        ),
        Mistake(
            "One side is summed over units and the other is averaged. Do the same with both.",
            lambda c, m: (squares(c, m).mean() / c.var(0, correction=0).mean()).sqrt(),
            lambda c, m: (squares(c, m).mean() / c.var(0).mean()).sqrt(),
            lambda c, m: (((m - c) ** 2).mean() / total_variance(c)).sqrt(),
            lambda c, m: (((m - c) ** 2).mean() / total_variance(c, 1)).sqrt(),
        ),
        Mistake(
            "The spread is taken from the noisy codes. They are what is judged; the yardstick is "
            "the spread of the clean ones.",
            lambda c, m: (squares(c, m).mean() / total_variance(m)).sqrt(),
            lambda c, m: (squares(c, m).mean() / total_variance(m, 1)).sqrt(),
        ),
        Mistake(
            "The ratio is taken unit by unit. A unit that hardly varies then counts as much as all "
            "others: add up over the units first, and divide once.",
            lambda c, m: (((m - c) ** 2).mean(0) / c.var(0, correction=0)).mean().sqrt(),
            lambda c, m: (((m - c) ** 2).mean(0) / c.var(0)).mean().sqrt(),
            lambda c, m: (((m - c) ** 2).mean(0).sqrt() / c.std(0, correction=0)).mean(),
            lambda c, m: (((m - c) ** 2).mean(0).sqrt() / c.std(0)).mean(),
        ),
        Mistake(
            "The standard deviations of the units are added up. Variances add up, standard "
            "deviations do not: take the root at the end.",
            lambda c, m: squares(c, m).mean().sqrt() / c.std(0, correction=0).sum(),
            lambda c, m: squares(c, m).mean().sqrt() / c.std(0).sum(),
            lambda c, m: (m - c).norm(dim=1).mean() / c.std(0).sum(),
        ),
        Mistake(
            "The lengths are averaged before they are squared. Square each displacement, average, "
            "and take the root of the ratio.",
            lambda c, m: (m - c).norm(dim=1).mean() / total_variance(c).sqrt(),
            lambda c, m: (m - c).norm(dim=1).mean() / total_variance(c, 1).sqrt(),
            lambda c, m: (m - c).norm(dim=1).mean() / centred(c).norm(dim=1).mean(),
        ),
        Mistake(
            "The ratio is taken example by example. Examples near the mean code then count most: "
            "average both sides first, and divide once.",
            lambda c, m: ((m - c).norm(dim=1) / centred(c).norm(dim=1)).mean(),
            lambda c, m: (squares(c, m) / (centred(c) ** 2).sum(1)).mean().sqrt(),
            lambda c, m: (squares(c, m) / (centred(c) ** 2).sum(1)).mean(),
        ),
        Mistake(
            "The spread is measured between pairs of codes. Their mean squared distance is twice "
            "the variance: measure from the mean code.",
            lambda c, m: (squares(c, m).mean() / torch.cdist(c, c).square().mean()).sqrt(),
            lambda c, m: (squares(c, m).mean() / torch.pdist(c).square().mean()).sqrt(),
        ),
        Mistake(
            "The mean is taken along the wrong axis: over the units of each code. The mean code is "
            "an average over examples, axis 0.",
            lambda c, m: (squares(c, m).mean() / within(c).sum(1).mean()).sqrt(),
            lambda c, m: (squares(c, m).mean() / c.var(1).sum()).sqrt(),
            lambda c, m: (squares(c, m).mean() / c.var(1).mean()).sqrt(),
            lambda c, m: (squares(c, m).mean() / c.var(1, correction=0).sum()).sqrt(),
            lambda c, m: (squares(c, m).mean() / c.var(1, correction=0).mean()).sqrt(),
        ),
        Mistake(
            "The centre is the mean of the noisy codes. The spread is that of the clean codes "
            "around their own mean.",
            lambda c, m: (squares(c, m).mean()
                          / ((c - m.mean(0)) ** 2).sum(1).mean()).sqrt(),
        ),
        Mistake(
            "The noisy codes are compared with the mean code. Each is compared with the clean code "
            "of its own image.",
            lambda c, m: (((m - c.mean(0)) ** 2).sum(1).mean() / total_variance(c)).sqrt(),
        ),
        Mistake(
            "One side is summed over the examples and the other is averaged. Do the same with "
            "both.",
            lambda c, m: (squares(c, m).sum() / total_variance(c)).sqrt(),
            lambda c, m: (squares(c, m).mean() / (centred(c) ** 2).sum()).sqrt(),
        ),
        Mistake(
            "The mean displacement is squared: displacements in opposite directions cancel. Square "
            "before averaging over examples.",
            lambda c, m: (((m - c).mean(0) ** 2).sum() / total_variance(c)).sqrt(),
            lambda c, m: (((m - c).mean(0) ** 2).sum() / total_variance(c, 1)).sqrt(),
        ),
        Mistake(
            "The variance of the displacement is taken, which leaves out what it has in common. "
            "A shift of all codes is a displacement too.",
            lambda c, m: (total_variance(m - c) / total_variance(c)).sqrt(),
        ),
        Mistake(
            "The ratio is upside down: displacement over spread.",
            lambda c, m: (total_variance(c) / squares(c, m).mean()).sqrt(),
            lambda c, m: (total_variance(c, 1) / squares(c, m).mean()).sqrt(),
        ),
        Mistake(
            "There is one number for each example. Average the squared displacements before the "
            "root.",
            lambda c, m: (squares(c, m) / total_variance(c)).sqrt(),
            lambda c, m: squares(c, m) / total_variance(c),
            lambda c, m: (squares(c, m) / total_variance(c, 1)).sqrt(),
        ),
    ],
    insight="This ratio does not change when all codes are shifted or multiplied by the same "
    "number, so a smaller code gains nothing.",
)

EXERCISES = [CONTRACTION, HUTCHINSON, DISPLACEMENT]
