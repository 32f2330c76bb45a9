"""`slicer.i18n`: no translation is loaded, so every text is its own translation."""


def tr(text: str) -> str:
    if not isinstance(text, str):
        msg = f"tr() takes a text, not {text!r}"
        raise TypeError(msg)
    return text


def translate(context: str, text: str) -> str:
    return tr(text)


def getContext(sourceFile: str) -> str:
    from pathlib import Path

    path = Path(sourceFile)
    return f"{path.parent.name}.{path.stem}" if (path.parent / "__init__.py").exists() else path.stem
