"""`guidegen export`: a case for other programs."""

import argparse

from GuideGenLib.cli.case_folder import CaseFolder
from GuideGenLib.cli.generate import OpenGenerator
from GuideGenLib.cli.terminal import progress_bar
from GuideGenLib.core.arguments import named_path


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The parser of the command; `call` gets the arguments and a function that opens the model."""
    parser = commands.add_parser("export", help="a case for other programs", description="A case for other programs.")
    kinds = parser.add_subparsers(required=True, metavar="kind")
    about = (
        "A case as a DICOM study, marked as synthetic: the CT as a series, the anatomy as a segmentation with codes "
        "and colours on the grid of the CT, and what was asked, understood and measured as a structured report."
    )
    dicom = kinds.add_parser("dicom", help="CT, segmentation and report as a DICOM study", description=about)
    dicom.add_argument("case", type=named_path, help="a folder of `guidegen generate`")
    dicom.add_argument(
        "-o", "--output", type=named_path, required=True, metavar="DIR|FILE.zip", help="folder or archive for the study"
    )
    dicom.add_argument("--overwrite", action="store_true", help="replace a study that is there")
    add_form(dicom)
    dicom.set_defaults(call=export_to_files)
    about = (
        "Sends the study that `guidegen export dicom` writes to a PACS (STOW-RS). $GUIDEGEN_DICOMWEB_AUTHORIZATION is "
        "the Authorization header, $REQUESTS_CA_BUNDLE names further certificates to trust."
    )
    web = kinds.add_parser("dicomweb", help="the study to a PACS, by DICOMweb", description=about)
    web.add_argument("case", type=named_path, help="a folder of `guidegen generate`")
    web.add_argument("url", help="of the DICOMweb service, for example http://127.0.0.1:8042/dicom-web")
    add_form(web)
    web.set_defaults(call=export_to_pacs)


def export_to_pacs(args: argparse.Namespace, _: OpenGenerator) -> int:
    """Send the study of a case."""
    from GuideGenLib.export.dicom import send_dicom

    case = CaseFolder(args.case).case()
    with progress_bar() as progress:
        study = send_dicom(case, args.url, enhanced=args.enhanced, binary=args.binary, progress=progress)
    print(f"Sent to {args.url}: study {study}. It is synthetic, and marked so.")
    return 0


def add_form(parser: argparse.ArgumentParser) -> None:
    """In which of its forms CT and segmentation are written."""
    about = "one Enhanced CT in place of a file for each slice, which older viewers need"
    parser.add_argument("--enhanced", action="store_true", help=about)
    about = "a binary segmentation in place of a label map, for viewers that know none"
    parser.add_argument("--binary", action="store_true", help=about)


def export_to_files(args: argparse.Namespace, _: OpenGenerator) -> int:
    """Write the study of a case."""
    from GuideGenLib.export.dicom import export_dicom
    from GuideGenLib.export.dicom.errors import require_packages

    require_packages()  # before the volumes are read
    case = CaseFolder(args.case).case()
    with progress_bar() as progress:
        export_dicom(
            case, args.output, enhanced=args.enhanced, binary=args.binary, overwrite=args.overwrite, progress=progress
        )
    print(f"Written to {args.output}. The study is synthetic, and marked so.")
    return 0
