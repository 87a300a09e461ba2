"""What the tablet at the exit says, in every language it speaks; and how it calls itself before any is chosen."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Words(NamedTuple):
    """name: of the language, in itself. faces: from very unhappy to very happy. note: what is kept."""

    name: str
    question: str
    faces: tuple[str, str, str, str]
    thanks: str
    note: str
    waiting: str
    gone: str


WORDS: Mapping[str, Words] = MappingProxyType(
    {
        "en": Words(
            "English",
            "How was your visit today?",
            ("Very unhappy", "Unhappy", "Happy", "Very happy"),
            "Thank you!",
            "Voluntary. Only your answer and the time are kept.",
            "answers wait to be sent",
            "This button is switched off.",
        ),
        "de": Words(
            "Deutsch",
            "Wie war Ihr Besuch heute?",
            ("Sehr unzufrieden", "Unzufrieden", "Zufrieden", "Sehr zufrieden"),
            "Vielen Dank!",
            "Freiwillig. Nur Ihre Antwort und die Uhrzeit werden gespeichert.",
            "Antworten warten auf den Versand",
            "Diese Umfrage ist abgeschaltet.",
        ),
        "fr": Words(
            "Français",
            "Comment s’est passée votre visite ?",
            ("Très mécontent", "Mécontent", "Content", "Très content"),
            "Merci !",
            "Facultatif. Seules votre réponse et l’heure sont conservées.",
            "réponses en attente d’envoi",
            "Ce sondage est désactivé.",
        ),
        "es": Words(
            "Español",
            "¿Qué tal su visita de hoy?",
            ("Muy mala", "Mala", "Buena", "Muy buena"),
            "¡Gracias!",
            "Voluntario. Solo se guardan su respuesta y la hora.",
            "respuestas por enviar",
            "Esta encuesta está desactivada.",
        ),
        "it": Words(
            "Italiano",
            "Com’è andata la sua visita oggi?",
            ("Molto male", "Male", "Bene", "Molto bene"),
            "Grazie!",
            "Facoltativo. Si conservano solo la risposta e l’ora.",
            "risposte in attesa di invio",
            "Questo sondaggio è disattivato.",
        ),
        "nl": Words(
            "Nederlands",
            "Hoe was uw bezoek vandaag?",
            ("Heel slecht", "Slecht", "Goed", "Heel goed"),
            "Bedankt!",
            "Vrijwillig. Alleen uw antwoord en het tijdstip worden bewaard.",
            "antwoorden wachten op verzending",
            "Deze vraag is uitgeschakeld.",
        ),
        "pl": Words(
            "Polski",
            "Jak minęła dzisiejsza wizyta?",
            ("Bardzo źle", "Źle", "Dobrze", "Bardzo dobrze"),
            "Dziękujemy!",
            "Dobrowolne. Zapisujemy tylko odpowiedź i godzinę.",
            "odpowiedzi czekają na wysłanie",
            "Ta ankieta jest wyłączona.",
        ),
        "pt": Words(
            "Português",
            "Como foi a sua visita hoje?",
            ("Muito má", "Má", "Boa", "Muito boa"),
            "Obrigado!",
            "Voluntário. Só a resposta e a hora são guardadas.",
            "respostas por enviar",
            "Este inquérito está desligado.",
        ),
        "tr": Words(
            "Türkçe",
            "Bugünkü ziyaretiniz nasıldı?",
            ("Çok kötü", "Kötü", "İyi", "Çok iyi"),
            "Teşekkürler!",
            "İsteğe bağlıdır. Yalnızca yanıtınız ve saat saklanır.",
            "yanıt gönderilmeyi bekliyor",
            "Bu anket kapalı.",
        ),
        "uk": Words(
            "Українська",
            "Як пройшов ваш візит сьогодні?",
            ("Дуже погано", "Погано", "Добре", "Дуже добре"),
            "Дякуємо!",
            "Добровільно. Зберігаються лише відповідь і час.",
            "відповіді чекають на надсилання",
            "Це опитування вимкнено.",
        ),
    }
)
"""By the codes of `fer_core.store.answers.LANGUAGES`."""
