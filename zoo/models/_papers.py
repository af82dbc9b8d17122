"""Papers and reports that several models are from."""

from __future__ import annotations

from common.references import Reference

BOLOGNA = Reference(
    ("Mancini, L.", "Simonati, M."), "Deep Image Deblurring", None, "University of Bologna", kind="techreport"
)
CHARACTERS = Reference(
    ("Germer, Thomas", "Uelwer, Tobias", "Harmeling, Stefan"),
    "Deblurring photographs of characters using deep neural networks",
    2022,
    "Inverse Problems and Imaging",
    "https://doi.org/10.3934/ipi.2022057",
    "article",
)
MPRNET = Reference(
    (
        "Zamir, Syed Waqas",
        "Arora, Aditya",
        "Khan, Salman",
        "Hayat, Munawar",
        "Khan, Fahad Shahbaz",
        "Yang, Ming-Hsuan",
        "Shao, Ling",
    ),
    "Multi-Stage Progressive Image Restoration",
    2021,
    "CVPR 2021",
    "https://arxiv.org/abs/2102.02808",
)
DEBLURGAN = Reference(
    ("Kupyn, Orest", "Budzan, Volodymyr", "Mykhailych, Mykola", "Mishkin, Dmytro", "Matas, Jiří"),
    "DeblurGAN: Blind Motion Deblurring Using Conditional Adversarial Networks",
    2018,
    "CVPR 2018",
    "https://arxiv.org/abs/1711.07064",
)
