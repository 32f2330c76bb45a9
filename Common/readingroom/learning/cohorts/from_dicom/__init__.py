"""From a folder of DICOM files and a spreadsheet of labels to the table of a cohort."""
