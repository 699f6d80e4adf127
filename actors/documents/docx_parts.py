"""The parts of a DOCX file beside its text: styles, footer, relations and properties (ECMA-376, WordprocessingML)."""

from datetime import datetime

from markupsafe import Markup

from actors.documents.blocks import Cover, on_one_line

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_XML = Markup('<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n')
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006"
EXTENSIONS = {"image/png": "png", "image/jpeg": "jpeg"}

NAMESPACES = Markup('xmlns:w="{}" xmlns:r="{}"').format(_W, _R)
DOCUMENT_HEAD = _XML + Markup("<w:document {}><w:body>").format(NAMESPACES)
# A4, with the footer.
DOCUMENT_END = Markup(
    '<w:sectPr><w:footerReference w:type="default" r:id="rId2"/><w:pgSz w:w="11906" w:h="16838"/>'
    '<w:pgMar w:top="1134" w:right="1021" w:bottom="1134" w:left="1021" w:header="567" w:footer="567" w:gutter="0"/>'
    "</w:sectPr></w:body></w:document>"
)


def content_types(logo_type: str) -> str:
    picture = ""
    if logo_type:
        picture = Markup('<Default Extension="{}" ContentType="{}"/>').format(EXTENSIONS[logo_type], logo_type)
    return _XML + Markup(
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>{0}'
        '<Override PartName="/word/document.xml" ContentType="{1}.document.main+xml"/>'
        '<Override PartName="/word/styles.xml" ContentType="{1}.styles+xml"/>'
        '<Override PartName="/word/settings.xml" ContentType="{1}.settings+xml"/>'
        '<Override PartName="/word/footer1.xml" ContentType="{1}.footer+xml"/>'
        '<Override PartName="/docProps/core.xml" '
        'ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>'
    ).format(picture, _WORD)


PACKAGE_RELATIONS = _XML + Markup(
    '<Relationships xmlns="{0}"><Relationship Id="rId1" Type="{1}/officeDocument" Target="word/document.xml"/>'
    '<Relationship Id="rId2" Type="{0}/metadata/core-properties" Target="docProps/core.xml"/></Relationships>'
).format(_RELATIONS, _R)


def document_relations(logo_type: str) -> str:
    picture = ""
    if logo_type:
        target = f"media/logo.{EXTENSIONS[logo_type]}"
        picture = Markup('<Relationship Id="rId4" Type="{}/image" Target="{}"/>').format(_R, target)
    return _XML + Markup(
        '<Relationships xmlns="{0}"><Relationship Id="rId1" Type="{1}/styles" Target="styles.xml"/>'
        '<Relationship Id="rId2" Type="{1}/footer" Target="footer1.xml"/>'
        '<Relationship Id="rId3" Type="{1}/settings" Target="settings.xml"/>{2}</Relationships>'
    ).format(_RELATIONS, _R, picture)


SETTINGS = _XML + Markup(
    '<w:settings {}><w:defaultTabStop w:val="709"/><w:compat>'
    '<w:compatSetting w:name="compatibilityMode" w:uri="http://schemas.microsoft.com/office/word" w:val="15"/>'
    "</w:compat></w:settings>"
).format(NAMESPACES)


def core_properties(title: str, author: str, language: str, made_at: datetime) -> str:
    core = "http://schemas.openxmlformats.org/package/2006/metadata/core-properties"
    time = Markup('<dcterms:{0} xsi:type="dcterms:W3CDTF">{1}Z</dcterms:{0}>')
    times = [time.format(name, made_at.isoformat(timespec="seconds")) for name in ("created", "modified")]
    return _XML + Markup(
        '<cp:coreProperties xmlns:cp="{}" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        "<dc:title>{}</dc:title><dc:creator>{}</dc:creator><dc:language>{}</dc:language>{}{}</cp:coreProperties>"
    ).format(core, title, author, language, *times)


def footer(text: str) -> str:
    """Return the foot of each page: the title, and the page's number of how many."""
    field = Markup(
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve"> {} </w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>1</w:t></w:r>'
        '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )
    return _XML + Markup(
        '<w:ftr {}><w:p><w:pPr><w:pStyle w:val="Footer"/></w:pPr><w:r><w:t xml:space="preserve">{}</w:t></w:r>'
        "<w:r><w:tab/></w:r>{}<w:r><w:t> / </w:t></w:r>{}</w:p></w:ftr>"
    ).format(NAMESPACES, text, field.format("PAGE"), field.format("NUMPAGES"))


def logo_paragraph(cover: Cover, width: int, height: int) -> str:
    """Return the logo as a paragraph; its size in EMU, of which an inch has 914,400."""
    return Markup(
        '<w:p><w:r><w:drawing><wp:inline xmlns:wp="{0}/wordprocessingDrawing" distT="0" distB="0" distL="0" distR="0">'
        '<wp:extent cx="{1}" cy="{2}"/><wp:docPr id="1" name="Logo" descr="{3}"/><a:graphic xmlns:a="{0}/main">'
        '<a:graphicData uri="{0}/picture"><pic:pic xmlns:pic="{0}/picture"><pic:nvPicPr>'
        '<pic:cNvPr id="1" name="Logo" descr="{3}"/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill>'
        '<a:blip r:embed="rId4"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm>'
        '<a:off x="0" y="0"/><a:ext cx="{1}" cy="{2}"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom>'
        "</pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>"
    ).format(_DRAWING, width, height, on_one_line(cover.provider))


# Style id -> (name, size in half points, what else stands in its paragraph's and its letters' properties).
_STYLES: dict[str, tuple[str, int, str, str]] = {
    "Title": ("Title", 52, '<w:spacing w:before="240" w:after="120"/>', "<w:b/>"),
    "Subtitle": ("Subtitle", 26, '<w:spacing w:after="240"/>', '<w:color w:val="57606A"/>'),
    "Heading1": ("heading 1", 32, '<w:keepNext/><w:spacing w:before="480" w:after="120"/><w:outlineLvl w:val="0"/>',
                 '<w:b/><w:color w:val="0A53A8"/>'),
    "Heading2": ("heading 2", 26, '<w:keepNext/><w:spacing w:before="320" w:after="80"/><w:outlineLvl w:val="1"/>',
                 "<w:b/>"),
    "Heading3": ("heading 3", 22, '<w:keepNext/><w:spacing w:before="200" w:after="60"/><w:outlineLvl w:val="2"/>',
                 "<w:b/>"),
    "TOC1": ("toc 1", 20, '<w:spacing w:before="80" w:after="20"/>', "<w:b/>"),
    "TOC2": ("toc 2", 20, '<w:spacing w:after="20"/><w:ind w:left="240"/>', ""),
    "Fact": ("Fact", 20, '<w:tabs><w:tab w:val="left" w:pos="2835"/></w:tabs><w:spacing w:after="40"/>'
             '<w:ind w:left="2835" w:hanging="2835"/>', ""),
    "Note": ("Note", 18, "", '<w:color w:val="57606A"/>'),
    "Warning": ("Warning", 20, '<w:pBdr><w:left w:val="single" w:sz="24" w:space="8" w:color="9A6700"/></w:pBdr>'
                '<w:shd w:val="clear" w:color="auto" w:fill="FFF8C5"/>', ""),
    "Cell": ("Cell", 18, '<w:spacing w:after="0"/>', ""),
    "Gap": ("Gap", 8, '<w:spacing w:after="0"/>', ""),
    "Footer": ("footer", 16, '<w:tabs><w:tab w:val="right" w:pos="9864"/></w:tabs>', '<w:color w:val="57606A"/>'),
}  # fmt: skip
_BORDERS = "".join(
    f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="D0D7DE"/>'
    for side in ("top", "left", "bottom", "right", "insideH", "insideV")
)


def styles(language: str, *, is_right_to_left: bool) -> str:
    """Return the styles: real headings, so that a reader's program knows the outline."""
    own = "".join(
        f'<w:style w:type="paragraph" w:styleId="{key}"><w:name w:val="{name}"/><w:basedOn w:val="Normal"/>'
        f'<w:qFormat/><w:pPr>{paragraph}</w:pPr><w:rPr>{letters}<w:sz w:val="{size}"/></w:rPr></w:style>'
        for key, (name, size, paragraph, letters) in _STYLES.items()
    )
    direction = "<w:bidi/>" if is_right_to_left else ""
    return str(_XML) + (
        f"<w:styles {NAMESPACES}><w:docDefaults><w:rPrDefault><w:rPr>"
        '<w:rFonts w:ascii="Calibri" w:hAnsi="Calibri" w:eastAsia="Calibri" w:cs="Calibri"/><w:sz w:val="20"/>'
        f'<w:lang w:val="{language}"/></w:rPr></w:rPrDefault><w:pPrDefault><w:pPr>{direction}'
        '<w:spacing w:after="120" w:line="264" w:lineRule="auto"/></w:pPr></w:pPrDefault></w:docDefaults>'
        '<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/><w:qFormat/></w:style>'
        '<w:style w:type="character" w:default="1" w:styleId="DefaultParagraphFont">'
        '<w:name w:val="Default Paragraph Font"/></w:style>'
        '<w:style w:type="table" w:default="1" w:styleId="TableNormal"><w:name w:val="Normal Table"/></w:style>'
        f'{own}<w:style w:type="table" w:styleId="Lines"><w:name w:val="Lines"/><w:basedOn w:val="TableNormal"/>'
        f"<w:tblPr><w:tblBorders>{_BORDERS}</w:tblBorders><w:tblCellMar>"
        '<w:top w:w="40" w:type="dxa"/><w:left w:w="85" w:type="dxa"/><w:bottom w:w="40" w:type="dxa"/>'
        '<w:right w:w="85" w:type="dxa"/></w:tblCellMar></w:tblPr></w:style></w:styles>'
    )
