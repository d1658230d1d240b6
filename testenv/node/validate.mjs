// Checks documents by JSON Schemas with ajv, as the tests of schemas ask it to.
//
//   node validate.mjs NODE_MODULES <request >answer
//
// The request is {schemas: [SCHEMA], documents: [{schema: ID, value: DOCUMENT}]}; the answer is, for
// each document, a list of {path, keyword, property}: the property that is missing, or that may not be.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const Ajv = createRequire(`${process.argv[2]}/`)('ajv');
const { schemas, documents } = JSON.parse(readFileSync(0, 'utf8'));
const ajv = new Ajv({ allErrors: true, strictTypes: false, strictSchema: true, validateFormats: false });
// Keywords that editors know: annotations, not assertions.
for (const keyword of ['markdownDescription', 'markdownEnumDescriptions', 'patternErrorMessage']) {
  ajv.addKeyword(keyword);
}
for (const schema of schemas) {
  ajv.addSchema(schema);
}
const answer = documents.map(({ schema, value }) => {
  const validate = ajv.getSchema(schema);
  validate(value);
  // What is wrong with a key is said once for the key and once for its mapping.
  const errors = (validate.errors ?? []).filter(({ propertyName }) => propertyName === undefined);
  return errors.map(({ instancePath, keyword, params }) => ({
    path: instancePath,
    keyword,
    property: params.missingProperty ?? params.additionalProperty ?? params.propertyName ?? null,
  }));
});
process.stdout.write(JSON.stringify(answer));
