"""From files to the study that a reader reads: images and masks by role, clinical facts from headers and people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from ..bundles.metadata import BundleMetadata
from ..errors import InputError
from ..formatting import dicom_date
from ..imaging.dicom_series import series_by_date
from ..imaging.open import OpenedImage, open_image
from ..imaging.structure_names import named_structures
from ..regular_file import cannot_read, open_regular
from ..study import ClinicalFact, Study, StudyMask
from .base import Reader
from .description import ImageRole, header_facts, require_roles


def open_study(
    reader: Reader,
    images: Mapping[str, Path],
    masks: Mapping[str, Path] | None = None,
    clinical: Mapping[str, str] | None = None,
    exam: Sequence[Path] = (),
    prior: Sequence[Path] = (),
    points: Mapping[str, Sequence[float]] | None = None,
    metadata: BundleMetadata | None = None,
) -> Study:
    """The study of these files, without decoding their pixels.

    Parameters
    ----------
    images, masks : by role, a file or a DICOM folder; a mask may name structures, see `named_structures`. Of a folder
        with series of several days the latest one is read, and the one before is its prior where the reader takes one
    clinical : facts as a person types them; they go before those of the header
    exam, prior : files and folders of an exam and of an earlier one, whose headers tell what each image is; images that
        are given by role go before them
    points : by role, where a mask is to be grown from: mm to the patient's left, back and head
    metadata : of the bundle that will read the study: which series of a folder suits it

    Example
    -------
    >>> study = open_study(find_reader("chest-xray"), {"frontal": Path("chest.dcm")})  # doctest: +SKIP
    >>> study.image("frontal").fact("ViewPosition")  # doctest: +SKIP
    'PA'

    Raises
    ------
    InputError : with one sentence: an image is missing, unknown to the reader, or cannot be opened; the images are of
        two patients; a clinical fact is unknown or lies outside its range
    """
    opened: dict[str, OpenedImage] = {}
    found, notes = _found(reader, exam, prior)
    images = {**found, **images}
    for role in images:
        if role not in {known.name for known in reader.images}:
            raise InputError(f"{reader.title} knows no image '{role}'; it takes {_names(reader)}.")
    rank = partial(reader.rank_of, metadata=metadata)
    chosen: dict[str, tuple[str, str]] = {}
    for known in reader.images:
        if known.prior_of in images and known.name not in images:
            chosen |= _by_date(known, Path(images[known.prior_of]))
            images |= dict.fromkeys(chosen, images[known.prior_of])
    for known in reader.images:  # in the reader's order: the first one is the one that is read
        if known.name in images:
            uid, note = chosen.get(known.name, ("", ""))
            path = Path(images[known.name])
            one = open_image(path, known.name, known.dimensions, known.modality, uid, rank)
            if note:
                one = replace(one, image=replace(one.image, notes=(*one.image.notes, note)))
            opened[known.name] = one
    if notes and opened:
        first = next(iter(opened))
        image = opened[first].image
        opened[first] = replace(opened[first], image=replace(image, notes=(*image.notes, *notes)))
    if not opened:
        raise InputError(f"{reader.title} needs the image '{reader.images[0].title}'; choose one first.")
    study = study_of(reader, opened, _masks(reader, masks or {}, points or {}), entered(reader, clinical or {}))
    require_roles(reader.title, study, reader.images, reader.masks, reader.clinical)
    return study


def study_of(
    reader: Reader,
    opened: Mapping[str, OpenedImage],
    masks: tuple[StudyMask, ...] = (),
    facts: Mapping[str, ClinicalFact] | None = None,
) -> Study:
    """Images that were opened one by one, as one study; what a person entered goes before what a header says.

    Raises
    ------
    InputError : the images are of two patients, or a mask lies on an image that is not there
    """
    for mask in masks:
        if mask.image not in opened:
            titles = {role.name: role.title for role in reader.masks}
            titles |= {role.name: role.title for role in reader.images}
            raise InputError(
                f"The mask '{titles.get(mask.role, mask.role)}' lies on '{titles.get(mask.image, mask.image)}'; choose "
                "that image first."
            )
    main = next(iter(opened.values()))
    images = []
    for role, other in opened.items():
        first, second = main.patient.patient_id, other.patient.patient_id
        if first and second and first != second:
            roles = f"'{main.image.role}' and '{other.image.role}'"
            raise InputError(f"The images {roles} are of two patients: their patient IDs differ.")
        if reader.image_role(role).prior_of and not (first and second):
            note = "A patient ID is missing: nothing says that the prior is of the same patient."
            other = replace(other, image=replace(other.image, notes=(*other.image.notes, note)))
        images.append(other.image)
    study = Study(
        images=tuple(images),
        masks=masks,
        patient=main.patient,
        clinical=main.clinical,
        description=main.description,
        accession_number=main.accession_number,
    )
    known = {**main.clinical, **header_facts(study, reader.clinical), **(facts or {})}
    return Study(study.images, masks, study.patient, known, study.description, study.accession_number)


def entered(reader: Reader, clinical: Mapping[str, str]) -> dict[str, ClinicalFact]:
    """Typed clinical facts of a reader's form; empty texts are left out.

    Raises
    ------
    InputError : the reader has no such field, or the text does not fit it
    """
    fields = {item.name: item for item in reader.clinical}
    facts = {}
    for name, text in clinical.items():
        if not text.strip():
            continue
        if name not in fields:
            raise InputError(f"{reader.title} knows no clinical fact '{name}'; it takes {', '.join(fields) or 'none'}.")
        facts[name] = ClinicalFact(fields[name].parse(text), fields[name].unit)
    return facts


def _found(reader: Reader, exam: Sequence[Path], prior: Sequence[Path]) -> tuple[dict[str, Path], tuple[str, ...]]:
    """The images of an exam and of its prior by role, and what is to be said of them."""
    images: dict[str, Path] = {}
    notes: tuple[str, ...] = ()
    if exam:
        found, notes = reader.find_images(exam)
        images.update(found)
    if prior:
        earlier, said = reader.find_images(prior)
        roles = {role.prior_of: role.name for role in reader.images if role.prior_of}
        images = {role: path for role, path in images.items() if role not in roles.values()}
        images.update({roles[role]: path for role, path in earlier.items() if role in roles})
        notes = (*notes, *(f"Of the prior: {note}" for note in said))
    return images, notes


def _by_date(prior: ImageRole, folder: Path) -> dict[str, tuple[str, str]]:
    """Where a folder holds series of several days: which one is the image and which its prior, by role, with a note."""
    if prior.dimensions != 3 or not folder.is_dir():
        return {}
    dated = series_by_date(folder, prior.modality)
    if len(dated) < 2:
        return {}
    (before, earlier), (_, latest) = dated[-2:]
    kind = " or ".join(prior.modality)
    note = (
        f"Of the {len(dated)} dates in the folder the latest one was read; the {kind} of {dicom_date(before)} is its "
        "prior."
    )
    return {prior.prior_of: (latest, ""), prior.name: (earlier, note)}


def _masks(reader: Reader, masks: Mapping[str, Path], points: Mapping[str, Sequence[float]]) -> tuple[StudyMask, ...]:
    roles = {role.name: role for role in reader.masks}
    made = []
    for name in (*masks, *points):
        if name not in roles:
            raise InputError(f"{reader.title} knows no mask '{name}'; it takes {', '.join(roles) or 'none'}.")
    for name, (left, back, head) in points.items():
        if name in masks:
            raise InputError(f"The mask '{name}' is given by a file and by a point; choose one of them.")
        source = f"grown from the point {left:g}, {back:g}, {head:g} mm"
        made.append(StudyMask(name, roles[name].image, None, roles[name].code, source, point=(left, back, head)))
    for name, path in masks.items():
        file, structures = named_structures(str(path))
        try:
            open_regular(file).close()
        except OSError as error:
            raise cannot_read(file, error) from error
        source = " ".join((*(f"'{structure}'" for structure in structures), "file", file.name))
        made.append(StudyMask(name, roles[name].image, file, roles[name].code, source, structures))
    return tuple(made)


def _names(reader: Reader) -> str:
    return ", ".join(role.name for role in reader.images)
