"""`guidegen import`: studies from elsewhere."""

import argparse

from GuideGenLib.cli.generate import OpenGenerator
from GuideGenLib.cli.options import CommandError, named_path
from GuideGenLib.cli.terminal import progress_bar


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The parser of the command; `call` gets the arguments and a function that opens the model."""
    parser = commands.add_parser("import", help="studies from elsewhere", description="Studies from elsewhere.")
    kinds = parser.add_subparsers(required=True, metavar="kind")
    about = (
        "Fetches CT, segmentations, contours and reports of a study from a PACS (WADO-RS), one folder a series, for "
        "`guidegen ct --anatomy` or `guidegen regenerate`; without a study it lists what there is. "
        "$GUIDEGEN_DICOMWEB_AUTHORIZATION is the Authorization header, $REQUESTS_CA_BUNDLE names further certificates "
        "to trust."
    )
    web = kinds.add_parser("dicomweb", help="a study from a PACS, by DICOMweb", description=about)
    web.add_argument("url", help="of the DICOMweb service, for example http://127.0.0.1:8042/dicom-web")
    web.add_argument("study", nargs="?", help="its UID (without it the studies are listed)")
    about = "of a series that is wanted; may be given again (CT, SEG, RTSTRUCT and SR, all of them)"
    web.add_argument("--series", action="append", default=[], metavar="UID", help=about)
    web.add_argument("-o", "--output", type=named_path, metavar="DIR", help="folder for the series")
    web.add_argument("--overwrite", action="store_true", help="replace series that are there")
    web.set_defaults(call=import_from_pacs)


def import_from_pacs(args: argparse.Namespace, _: OpenGenerator) -> int:
    """Fetch a study, or list what there is."""
    from GuideGenLib.cli.described import printable
    from GuideGenLib.export.dicom import fetch_study, list_studies

    if args.study is None:
        for one in list_studies(args.url):
            print(printable(f"{one.uid}  {one.date or 'no date'}  {one.modalities}  {one.description}"))
        return 0
    if args.output is None:
        raise CommandError("there is no folder for the study", "name one with -o DIR")
    with progress_bar() as progress:
        folders = fetch_study(
            args.url, args.study, args.output, series=args.series, overwrite=args.overwrite, progress=progress
        )
    print(f"Written to {args.output}: {', '.join(folder.name for folder in folders)}.")
    return 0
