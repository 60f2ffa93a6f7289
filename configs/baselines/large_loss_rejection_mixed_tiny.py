"""Large-loss rejection, first stage: T and V 9 : 1; see docs/methods.md."""

_base_ = '../finetune_mixed_tiny.py'

# From the baseline on there is nothing to warm up. The share of labels to reject rises fifteen
# times in the 1,500 batches of 256 images of the rule. The paper's rate is for 20 to 80 classes; with hundreds,
# it rejects several times as many labels as an image has.
model = dict(
    unverified='mask',
    head=dict(loss=dict(type='LargeLoss', action='reject', warmup=False, epoch_images=25_600)),
)
experiment = dict(
    choices={
        'rate 0.002': {},
        'rate 0.0002, given labels too': {
            'model.head.loss.rate': 0.0002,
            'model.head.loss.rejection_mask': 'all',
        },
    },
    judged_by='large_loss_rejection',
    rows={},
)
