"""Words that say nothing about a subject, in German and English.

Besides the usual function words: what every need and every offering says about
itself ("wir suchen", "we offer"), since it tells nothing about its topic.
"""

_GERMAN = """
ab aber alle allem allen aller alles als also am an andere anderen anderer anderes auch
auf aus bei beide beim bereits bin bis bisher bist da dabei dadurch dafür dagegen daher
damit danach dann daran darauf daraus darf das dass davon dazu dein dem den denen denn
der deren des deshalb dessen dich die dies diese diesem diesen dieser dieses dir doch
dort du durch dürfen eben ebenso eher eigentlich ein eine einem einen einer eines einige
einigen einfach einmal er es etwa etwas euch euer eure für gab ganz geben gegen gehen
geht gerade gerne gern gibt habe haben hat hatte hatten hätte hätten her hier hin hinter
ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im immer in indem ins ist ja je jede jedem
jeden jeder jedes jedoch jetzt kann kaum kein keine keinem keinen keiner können könnte
kommt lassen lässt macht machen man manche mehr mein meine meinem meinen meiner mich mir
mit möchte möchten müssen muss musste nach nachdem nämlich nicht nichts nie noch nun nur
ob oder oft ohne per schon sehr sei sein seine seinem seinen seiner seit selbst sich sie
sind so sobald sodass sogar soll sollen sollte sollten sondern sonst sowie statt über um
und uns unser unsere unserem unseren unserer unseres unter usw viel viele vielen vom von
vor wann war waren warum was weil weiter welche welchem welchen welcher welches wenn wer
werden wie wieder will wir wird wo wobei wollen wollte worden wurde wurden würde würden
zu zum zur zwar zwischen
bieten bietet biete brauchen braucht bräuchten suchen sucht suche gesucht unterstützen
unterstützung hilfe helfen hilft erfahrung erfahrungen lösung lösungen
"""
_ENGLISH = """
a about after all also am an and any are as at be because been before being both but by
can could did do does each every for from get had has have he her here his how i if in
into is it its just like may me might more most much must my no not now of off on once
one only or other our ours out over own same she should so some such than that the their
them then there these they this those through to too under until up us very was we were
what when where which while who whom why will with would you your yours
need needs want offer offers use using help looking
"""

STOP_WORDS = frozenset(_GERMAN.split() + _ENGLISH.split())
