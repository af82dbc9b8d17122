"""The frame store's first address, kept for those who import it from here; it lives in `datasets.frame_store`."""

from common.files import cache_folder as cache_folder
from datasets.frame_store import StoredFrame as StoredFrame
from datasets.frame_store import StoreReport as StoreReport
from datasets.frame_store import attach as attach
from datasets.frame_store import check as check
from datasets.frame_store import prepare as prepare
from datasets.frame_store import store_folder as store_folder
from datasets.frame_store import to_uint8 as to_uint8
