"""notebooks.py - every notebook is run again, and its numbers are those that it shows

    python3 tests/oracle/notebooks.py            (from the top of the clone; needs ./run)

Each notebook in notebooks/ is executed from its first cell to its last in a fresh
process (nbclient). What its cells printed must be, to the letter, what is stored in
the file: the engine gives the same bits everywhere, so there is no tolerance. A
figure must be there where one is stored, of the same size, and not blank; its pixels
belong to matplotlib and the fonts of this machine.

    --write      store what came out (for whoever changes a notebook)
"""
import base64
import glob
import io
import sys

import matplotlib.image
import nbclient
import nbformat


def printed(cell):
    """The texts of a code cell, in order; the words that stand for a figure left out."""
    texts = []
    for out in cell.get("outputs", []):
        if out.output_type == "stream":
            texts.append(out.text)
        elif out.output_type == "error":
            texts.append("\n".join(out.traceback))
        elif "data" in out and "image/png" not in out.data:
            texts.append(out.data.get("text/plain", ""))
    return "".join(texts)


def figures(cell):
    return [matplotlib.image.imread(io.BytesIO(base64.b64decode(out.data["image/png"])))
            for out in cell.get("outputs", []) if "image/png" in out.get("data", {})]


def compare(stored, fresh):
    """What is wrong with a cell, or None."""
    if printed(stored) != printed(fresh):
        return f"printed\n{printed(fresh)}\nand the file shows\n{printed(stored)}"
    before, now = figures(stored), figures(fresh)
    if len(before) != len(now):
        return f"drew {len(now)} figures, and the file shows {len(before)}"
    for a, b in zip(before, now):
        if max(abs(a.shape[0] - b.shape[0]), abs(a.shape[1] - b.shape[1])) > 40:
            return f"drew a figure of {b.shape}, and the file shows one of {a.shape}"
        if float(b[..., :3].std()) < 0.01:
            return "drew a blank figure"
    return None


def check(path, write):
    """(passed, failed): one for each code cell."""
    stored = nbformat.read(path, as_version=4)
    fresh = nbformat.read(path, as_version=4)
    client = nbclient.NotebookClient(fresh, timeout=600, kernel_name="python3",
                                     resources={"metadata": {"path": "notebooks"}})
    try:
        client.execute()
    except nbclient.exceptions.CellExecutionError as error:
        print(f"{path}: {error}")
        return 0, 1
    if write:
        for cell in fresh.cells:
            cell.metadata.pop("execution", None)
        fresh.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python",
                                         "name": "python3"}}
        nbformat.write(fresh, path)
        return 1, 0
    passed = failed = 0
    for number, (a, b) in enumerate(zip(stored.cells, fresh.cells), 1):
        if a.cell_type != "code":
            continue
        wrong = compare(a, b)
        passed += wrong is None
        failed += wrong is not None
        if wrong:
            print(f"{path}, cell {number}: {wrong}")
    return passed, failed


def main():
    write = "--write" in sys.argv
    wanted = [a for a in sys.argv[1:] if a != "--write"]
    total = [0, 0]
    for path in sorted(wanted or glob.glob("notebooks/*.ipynb")):
        passed, failed = check(path, write)
        print(f"{path}: {passed} cells {'written' if write else 'as stored'}, {failed} not")
        total = [total[0] + passed, total[1] + failed]
    if total[0] == 0:
        total[1] += 1
    print(f"{total[0]} passed, {total[1]} failed")
    return total[1] > 0


if __name__ == "__main__":
    sys.exit(main())
