"""Gets the pictures of Open Images, or those of an image list of your own in its format."""

from mmnoisy.cli.main import main

if __name__ == '__main__':
    main('download_images')
