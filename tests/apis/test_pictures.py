import cv2
import numpy as np
import pytest
import torch

from mmnoisy import InputError
from mmnoisy.apis import find_pictures


def names(inputs, every=1):
    return [picture.name for picture in find_pictures(inputs, every)]


@pytest.fixture
def folder(tmp_path):
    for name in ('b.jpg', 'a.PNG', 'deeper/c.webp', 'notes.txt', 'film.mp4'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b'')
    return tmp_path


def test_a_folder_stands_for_its_pictures_in_order(folder):
    expected = [str(folder / name) for name in ('a.PNG', 'b.jpg', 'deeper/c.webp')]
    assert names(folder) == names(str(folder)) == expected
    assert names([folder, folder / 'notes.txt']) == [*expected, str(folder / 'notes.txt')]


def test_arrays_are_numbered(folder):
    gray, colour = np.zeros((4, 5), np.uint8), np.ones((2, 4, 5, 3), np.uint8)
    mixed = [gray, [str(folder / 'b.jpg'), colour], (array for array in colour)]
    found = [*find_pictures(mixed)]
    assert [name for name, _ in found] == ['0', str(folder / 'b.jpg'), '1', '2', '3', '4']
    assert found[0].pixels is gray
    assert found[1].pixels is None
    assert all(pixels.shape == (4, 5, 3) for _, pixels in found[2:])


def test_bytes_are_encoded_pictures():
    pixels = np.random.default_rng(0).integers(256, size=(4, 5, 3), dtype=np.uint8)
    data = cv2.imencode('.png', pixels)[1].tobytes()
    found = [*find_pictures([data, bytearray(data), [memoryview(data)]])]
    assert [name for name, _ in found] == ['0', '1', '2']
    for picture in found:
        np.testing.assert_array_equal(picture.pixels, pixels)


def test_everything_in_a_folder_is_a_picture_or_has_a_reason(folder):
    png = cv2.imencode('.png', np.zeros((4, 5, 3), np.uint8))[1].tobytes()
    (folder / 'no_suffix').write_bytes(png)
    (folder / 'other.suffix').write_bytes(png)
    (folder / 'dangling.jpg').symlink_to(folder / 'gone.jpg')
    (folder / 'linked').symlink_to(folder / 'no_suffix')
    left_out = []
    found = [picture.name for picture in find_pictures(folder, left_out=left_out)]
    pictures = ('a.PNG', 'b.jpg', 'deeper/c.webp', 'linked', 'no_suffix', 'other.suffix')
    assert found == [str(folder / name) for name in pictures]
    assert {(name[len(str(folder)) + 1 :], reason) for name, reason, _ in left_out} == {
        ('dangling.jpg', 'a link to nothing'),
        ('film.mp4', 'a video, which is read where it is given by itself'),
        ('notes.txt', 'no picture'),
    }


@pytest.mark.parametrize(('every', 'frames'), [(1, [*range(10)]), (4, [0, 4, 8]), (50, [0])])
def test_frames_of_a_video(tmp_path, every, frames):
    path = str(tmp_path / 'film.avi')
    video = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*'MJPG'), 5, (32, 16))
    for k in range(10):
        video.write(np.full((16, 32, 3), 20 * k, np.uint8))
    video.release()
    found = [*find_pictures(path, every)]
    assert [name for name, _ in found] == [f'{path}#{k}' for k in frames]
    for (_, pixels), k in zip(found, frames):
        np.testing.assert_allclose(pixels, np.full((16, 32, 3), 20 * k), atol=3)


@pytest.mark.parametrize(
    ('inputs', 'complaint'),
    [
        ('gone.jpg', 'gone.jpg: there is no such file; check the path'),
        (3, 'an input of type int: is no picture; give a path, the bytes of a file, or'),
        (torch.zeros(3, 4, 5), 'an input of type Tensor: is no picture'),
        ([torch.zeros(())], 'an input of type Tensor: is no picture'),
        (b'no picture', r'input 0: cannot be read as a picture \('),
        (np.zeros((4, 5)), r'an array of float64 \(4, 5\): give uint8'),
        (np.zeros((0, 5, 3), 'u1'), 'give uint8 with pixels'),
        (np.zeros((4, 5, 2), 'u1'), r'shape \(4, 5, 2\): is no picture'),
    ],
)
def test_refusals(inputs, complaint):
    with pytest.raises(InputError, match=complaint):
        names(inputs)


def test_an_empty_folder_and_a_broken_video_are_refused(folder, tmp_path):
    (tmp_path / 'empty').mkdir()
    with pytest.raises(InputError, match='empty: has no picture'):
        names(tmp_path / 'empty')
    with pytest.raises(InputError, match=r'film.mp4: cannot be read as a video'):
        names(folder / 'film.mp4')
    with pytest.raises(InputError, match='every=0: is no step'):
        names(folder, every=0)
