"""AWS DMS table-mapping documents, checked offline for a task whose target is S3.

    document.py        the document, its rules one by one      identity.py     ids and names
    selection.py       which tables            filters.py              which rows
    transformations.py names and columns       data_types.py, column_definitions.py, expressions.py
    table_settings.py  how tables are loaded   parallel_load.py, boundaries.py
    post_processing.py tags                    other_rules.py  other targets, data validation
    relations.py       rules among each other  located.py, precedence.py, letter_case.py
    locator.py, names.py, vocabulary.py        what all rules share
    part.py, mistake.py                        reading members, saying what is wrong
    task.py            the task that the document is for

Makes no call and reads no file. Rules that AWS documents are errors where they are broken; what
DMS takes and what then has no effect is a warning.
"""

from dmslake.spec.mappings.document import check_rules, rules_of
from dmslake.spec.mappings.mistake import MappingMistake

__all__ = ["MappingMistake", "check_rules", "rules_of"]
