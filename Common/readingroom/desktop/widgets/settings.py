"""What holds for every study on this computer."""

from __future__ import annotations

import ctk
import qt
from slicer.i18n import tr as _

from ...bundles import store
from .. import settings
from ..parameters import DEVICES, PAGE_SIZES
from .study import device_titles


class SettingsView:
    """Bundle folder, device and page size; each is kept when it is chosen."""

    def __init__(self) -> None:
        self.widget = qt.QWidget()
        form = qt.QFormLayout(self.widget)
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(qt.QFormLayout.AllNonFixedFieldsGrow)
        self.folder = ctk.ctkDirectoryButton()
        self.folder.directory = str(store.user_folder())
        self.folder.setAccessibleName(_("Folder for installed bundles"))
        self.folder.setToolTip(_("Bundles that you install go here. What is in the earlier folder stays there."))
        form.addRow(_("Bundle folder"), self.folder)

        self.device = qt.QComboBox()
        titles = device_titles()
        for name in DEVICES:
            self.device.addItem(titles[name], name)
        self.device.setCurrentIndex(self.device.findData(settings.device()))
        self.device.setAccessibleName(_("Device for new scenes"))
        form.addRow(_("Device"), self.device)

        self.page_size = qt.QComboBox()
        for name in PAGE_SIZES:
            self.page_size.addItem(name, name)
        self.page_size.setCurrentIndex(self.page_size.findData(settings.page_size()))
        self.page_size.setAccessibleName(_("Page size for new scenes"))
        form.addRow(_("Page size"), self.page_size)

        self.folder.directoryChanged.connect(lambda folder, *_args: settings.set_bundle_folder(str(folder)))
        self.device.activated.connect(lambda *_args: settings.set_device(self.device.currentData))
        self.page_size.activated.connect(lambda *_args: settings.set_page_size(self.page_size.currentData))
