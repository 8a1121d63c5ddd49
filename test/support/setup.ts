// An Output in a template literal throws instead of printing its warning text.
process.env.PULUMI_ERROR_OUTPUT_STRING = "1";
