import numpy as np
import pytest
import torch
from mmpretrain.registry import MODELS
from sklearn.linear_model import LogisticRegression

from mmnoisy import InputError
from mmnoisy.models import HierarchicalCleaningHead

C, D, N = 4, 3, 60


def built(**kwargs):
    settings = dict(num_classes=C, in_channels=D, embed_dims=5, num_verified=N, **kwargs)
    head = HierarchicalCleaningHead(**settings)
    head.init_weights()
    return head


def batch():
    generator = torch.Generator().manual_seed(0)
    noisy = torch.rand(N, C, generator=generator)
    noisy = torch.where(noisy < 0.5, 0, noisy)
    verified = (torch.rand(N, C, generator=generator) < noisy).float()
    noisy[:, 3] = 0.5  # so that each image has a verdict
    return torch.randn(N, D, generator=generator), noisy, verified, noisy > 0


def fitted(head, feats, noisy, verified, observed):
    """Trained to the optimum."""
    optimizer = torch.optim.LBFGS(head.parameters(), max_iter=500, line_search_fn='strong_wolfe')

    def step():
        optimizer.zero_grad()
        loss = head.loss(head(feats, noisy), verified, observed)
        loss.backward()
        return loss

    optimizer.step(step)
    return head


def test_it_begins_as_the_classifier():
    head, (feats, noisy, _, given) = built(), batch()
    for parameter in head.visual_embedding.parameters():
        torch.nn.init.normal_(parameter)
    expected = torch.where(given, head.visual_embedding(feats).sigmoid(), 0)
    torch.testing.assert_close(head(feats, noisy).labels, expected)


def test_it_is_a_logistic_regression_with_an_offset():
    """As by scikit-learn on a table of all rated pairs, and its classes by one-hot columns."""
    head, (feats, noisy, verified, observed) = built(variances=(0.7, 2.0, 3.0)), batch()
    fitted(head, feats, noisy, verified, observed)
    found = head.logits(feats, noisy)[observed].detach().numpy()

    y = noisy.numpy().astype(np.float64)
    x = feats.numpy() / np.linalg.norm(feats.numpy(), axis=1, keepdims=True)
    e = np.maximum(y @ head.label_embedding.numpy(), 0)
    e /= np.maximum(np.linalg.norm(e, axis=1, keepdims=True), 1e-12)
    rows = []
    for image, label in zip(*np.nonzero(observed.numpy())):
        own = np.zeros((C, 1 + D + 5))
        own[label] = np.concatenate([[0.7**0.5], x[image] * 2**0.5, e[image] * 3**0.5])
        sure = np.clip(y[image, label], 0.02, 0.98)
        rows.append([0.0, np.log(sure / (1 - sure)) / 2, 1.0, *own.ravel()])
    table = np.array(rows)
    model = LogisticRegression(C=1.0, fit_intercept=False, max_iter=10_000, tol=1e-10)
    model.fit(table, verified[observed].numpy())
    np.testing.assert_allclose(found, model.decision_function(table), atol=2e-3)


def test_a_class_without_verdicts_is_cleaned_as_classes_are_in_general():
    head, (feats, noisy, verified, observed) = built(), batch()
    observed[:, 0] = False
    fitted(head, feats, noisy, verified, observed)
    a, b, g = head.common.detach()
    sure = noisy[:, 0].clamp(0.02, 0.98).logit()
    torch.testing.assert_close(head.logits(feats, noisy)[:, 0], b * sure / 2 + g)
    assert a == 0  # the classifier's logit is 0 here
    assert not head.by_class[0].any()
    assert head.by_class[1:].any(1).all()


def test_batches_together_have_the_loss_of_all():
    """Whatever else is in them: images of T have no part in the prior."""
    head, (feats, noisy, verified, observed) = built(), batch()
    torch.nn.init.normal_(head.by_class)
    whole = head.loss(head(feats, noisy), verified, observed)
    parts = [head.loss(head(f, y), v, o) for f, y, v, o in zip(*(
        array.split(20) for array in (feats, noisy, verified, observed)
    ))]  # fmt: skip
    torch.testing.assert_close(torch.stack(parts).mean(), whole)
    mixed = [torch.cat([array, array]) for array in (feats, noisy, verified)]
    half = torch.cat([observed, torch.zeros_like(observed)])
    torch.testing.assert_close(head.loss(head(*mixed[:2]), mixed[2], half), whole / 2)


def test_a_checkpoint_brings_its_variances():
    head, (feats, noisy, verified, observed) = built(variances=(1.0, 9.0, 4.0)), batch()
    fitted(head, feats, noisy, verified, observed)
    other = built()
    other.load_state_dict(head.state_dict())
    assert torch.equal(other(feats, noisy).labels, head(feats, noisy).labels)


@pytest.mark.parametrize('variances', [(1, 2), (1, 0, 2), (1, float('nan'), 2)])
def test_variances_that_are_none_are_refused(variances):
    with pytest.raises(InputError, match=r'variances=.*: give three numbers above 0'):
        built(variances=variances)


def test_it_asks_for_the_number_of_verified_images():
    head = HierarchicalCleaningHead(C, D)
    feats, noisy, verified, observed = batch()
    with pytest.raises(InputError, match=r'num_verified: is not given; add .*CountVerifiedHook'):
        head.loss(head(feats, noisy), verified, observed)


def test_it_is_registered():
    assert MODELS.get('HierarchicalCleaningHead') is HierarchicalCleaningHead
